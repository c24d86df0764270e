import { Suspense } from 'react';
import { sql, useSuspenseSyncedQuery } from 'tidemark';

function Count() {
  const { data } = useSuspenseSyncedQuery(sql<{ count: number }>`SELECT count(*) AS count FROM issue`);
  return <p>{data[0]?.count} issues</p>;
}

export function IssueCount() {
  return (
    <Suspense fallback={<p>Counting…</p>}>
      <Count />
    </Suspense>
  );
}

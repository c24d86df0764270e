import { sql, useSyncedMutation, useSyncedQuery } from 'tidemark';

export function Issues() {
  const {
    data: issues = [],
    isPending,
    isComplete,
  } = useSyncedQuery(sql<{ id: string; title: string; votes: number }>`
    SELECT id, title, votes FROM issue ORDER BY title
  `);
  const vote = useSyncedMutation((tx, id: string) => tx.run(sql`UPDATE issue SET votes = votes + 1 WHERE id = ${id}`));
  if (isPending) return <p>Loading…</p>;
  return (
    <>
      <p>{isComplete ? 'All of them are here.' : 'More may come.'}</p>
      <ul>
        {issues.map((issue) => (
          <li key={issue.id}>
            {issue.title}{' '}
            <button type="button" onClick={() => vote.mutate(issue.id)}>
              {issue.votes} votes
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}

import { sql, useSyncedQuery } from 'tidemark';

/** SQL that SQLite refuses is an error of the query, and nothing that breaks the component. */
export function Harbours() {
  const { data = [], error } = useSyncedQuery(sql<{ name: string }>`SELECT name FROM harbour`);
  if (error) return <p role="alert">{error.message}</p>;
  return <p>{data.length} harbours</p>;
}

import { useRowStatus } from 'tidemark';

const WORDS = {
  pending: 'Not sent yet',
  sent: 'On its way',
  conflicted: 'In conflict',
  rejected: 'Refused by the server',
} as const;

/** A small mark on rows that are not on the server as shown. */
export function RowMark({ table, rowKey }: { table: string; rowKey: string }) {
  const status = useRowStatus(table, rowKey);
  if (status === 'synced') return null;
  return (
    <span className="row-mark" data-row-status={status} role="img" aria-label={WORDS[status]} title={WORDS[status]} />
  );
}

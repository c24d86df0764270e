import { useOutbox, useSync } from 'tidemark';

export function Unsent() {
  const sync = useSync();
  const outbox = useOutbox();
  if (outbox.length === 0) return <p>All work is on the server.</p>;
  return (
    <ul>
      {outbox.map(({ mutationId, tables, state, reason }) => (
        <li key={mutationId}>
          #{mutationId} on {tables.join(', ')}: {reason?.message ?? state}{' '}
          {state === 'rejected' && (
            <button type="button" onClick={() => sync.outbox.retry(mutationId)}>
              Retry
            </button>
          )}
        </li>
      ))}
    </ul>
  );
}

import { useSyncedMutation } from 'tidemark';
import type { schema } from '../../fixtures/schema.ts';

export function AddIssue() {
  const add = useSyncedMutation<string, void, unknown, typeof schema>((tx, title) =>
    tx.insert('issue', { id: crypto.randomUUID(), title, priority: 1, done: false, labels: [] }),
  );
  return (
    <>
      <button type="button" onClick={() => add.mutate('Count the gulls')}>
        Add an issue
      </button>
      <p role="status">{add.isSuccess ? 'It is on this device.' : 'Nothing was added yet.'}</p>
    </>
  );
}

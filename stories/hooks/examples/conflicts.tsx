import { useConflicts } from 'tidemark';

export function ConflictNote() {
  const { conflicts, resolve } = useConflicts({ table: 'issue' });
  const [conflict] = conflicts;
  if (!conflict) return <p>Nothing to decide.</p>;
  return (
    <p>
      {String(conflict.fields.title?.local)} or {String(conflict.fields.title?.remote)}?{' '}
      <button type="button" onClick={() => resolve(conflict.id, 'remote')}>
        Take theirs
      </button>
    </p>
  );
}

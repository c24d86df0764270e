import type { Conflict } from 'tidemark';

/** Says that a person must decide, and where. The devtools panel has every field side by side. */
export function ConflictNote({ conflict }: { conflict: Conflict }) {
  return (
    <p className="conflict-note" role="alert">
      Somebody else changed {conflict.columns.join(', ')} too. Your version is kept here until you decide: open the
      tidemark panel, Conflicts.
    </p>
  );
}

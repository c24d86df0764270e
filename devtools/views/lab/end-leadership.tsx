import type { LabOptions } from '../../../src/client/sync.ts';
import { useInspected, useInspectedSync } from '../../data/inspected.ts';
import { ErrorNotice } from '../../ui/notice.tsx';
import { useAction } from '../../ui/use-action.ts';

/** Has another tab take over the database. */
export function EndLeadership({ options }: { readonly options: readonly LabOptions[] }) {
  const sync = useInspectedSync();
  const isLeader = useInspected((state) => state.isLeader);
  const action = useAction();
  return (
    <fieldset className="card lab-card">
      <legend>Leader</legend>
      <p className="muted">
        {isLeader ? 'This tab leads.' : 'Another tab leads.'} It lets go of the database as if it had died; the next in
        line takes over, or a lone tab leads anew.
      </p>
      <div className="actions">
        <button
          type="button"
          className="danger"
          disabled={action.isRunning}
          onClick={() => action.run(() => sync.inspect.lab.endLeadership(...options))}
        >
          Kill the leader
        </button>
      </div>
      <ErrorNotice error={action.error} />
    </fieldset>
  );
}

import { useInspected, useInspectedSync } from '../data/inspected.ts';
import { useAction } from '../ui/use-action.ts';
import { conditionWords } from '../views/lab/conditions.ts';

/** Says in every view what the lab does to sync, and ends it. */
export function LabBanner() {
  const sync = useInspectedSync();
  const lab = useInspected((state) => state.lab);
  const action = useAction();
  if (lab === null) return null;
  return (
    <div className="lab-banner" role="status">
      <p>
        <strong>Lab:</strong> {conditionWords(lab).join(', ')}
      </p>
      <div className="actions">
        <button type="button" disabled={action.isRunning} onClick={() => action.run(() => sync.inspect.lab.clear())}>
          End all
        </button>
      </div>
    </div>
  );
}

import { useContext } from 'react';
import { type LabConditions, NO_LAB_CONDITIONS } from '../../../src/client/inspection.ts';
import { BundleContext } from '../../data/bundle/bundle-context.ts';
import { LabAllowedContext, useInspected, useInspectedSync } from '../../data/inspected.ts';
import { Empty } from '../../ui/empty.tsx';
import { ErrorNotice } from '../../ui/notice.tsx';
import { type Action, useAction } from '../../ui/use-action.ts';
import { CONDITIONS, type Condition } from './conditions.ts';
import { EndLeadership } from './end-leadership.tsx';

/** Bad networks and bad luck, made to order, on the real engine. */
export function Lab() {
  const sync = useInspectedSync();
  const isForced = useContext(LabAllowedContext);
  const lab = useInspected((state) => state.lab) ?? NO_LAB_CONDITIONS;
  const isLocal = useInspected((state) => state.status.phase === 'local');
  const action = useAction();
  const { bundle } = useContext(BundleContext);
  if (bundle)
    return <Empty title="Nothing to disturb">A support bundle stands still: the lab is for a running app.</Empty>;
  if (!sync.inspect.lab.isAvailable && !isForced) {
    return (
      <Empty title="Not in production">
        The lab changes how the real engine syncs. To have it here, give &lt;SyncDevtools lab /&gt; of
        tidemark/devtools/production.
      </Empty>
    );
  }
  if (isLocal) {
    return <Empty title="No server, no lab">The lab disturbs the way to the server, and this app has none.</Empty>;
  }
  const options = isForced ? [{ force: true }] : [];
  const set = (conditions: Partial<LabConditions>) => action.run(() => sync.inspect.lab.set(conditions, ...options));
  return (
    <div className="padded lab">
      <p className="summary">
        These conditions hold for the real engine and all its tabs. Your work is safe: it waits in the queue and goes
        out when a condition is lifted. They end when this tab closes, or another tab leads.
      </p>
      <ErrorNotice error={action.error} />
      <div className="cards">
        {CONDITIONS.map((condition) => (
          <ConditionCard key={condition.title} {...{ condition, lab, set, action }} />
        ))}
        <EndLeadership options={options} />
      </div>
    </div>
  );
}

interface ConditionCardProps {
  readonly condition: Condition;
  readonly lab: LabConditions;
  readonly action: Action;
  readonly set: (conditions: Partial<LabConditions>) => void;
}

function ConditionCard({ condition, lab, set, action }: ConditionCardProps) {
  const { title, what, choices } = condition;
  const isOn = choices.some(({ conditions, isOff }) => !isOff && holds(lab, conditions));
  return (
    <fieldset className="card lab-card" data-on={isOn}>
      <legend>{title}</legend>
      <p className="muted">{what}</p>
      <div className="actions">
        {choices.map(({ label, conditions }) => (
          <button
            key={label}
            type="button"
            aria-pressed={holds(lab, conditions)}
            disabled={action.isRunning}
            onClick={() => set(conditions)}
          >
            {label}
          </button>
        ))}
      </div>
    </fieldset>
  );
}

function holds(lab: LabConditions, conditions: Partial<LabConditions>): boolean {
  return Object.entries(conditions).every(([name, value]) => lab[name as keyof LabConditions] === value);
}

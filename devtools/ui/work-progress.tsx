import { formatCount } from '../data/words.ts';
import type { Work } from '../data/work.ts';

interface WorkProgressProps {
  /** What is done: `Retrying`. */
  readonly label: string;
  readonly work: Pick<Work<unknown>, 'isRunning' | 'progress' | 'stop'>;
}

/** Work of so few is over before anybody has read how far it is. */
const FEW = 200;

/** How far long work has come, and a way to stop it. */
export function WorkProgress({ label, work: { isRunning, progress, stop } }: WorkProgressProps) {
  if (!isRunning || !progress || progress.totalCount < FEW) return null;
  const { doneCount, totalCount } = progress;
  return (
    <div className="work">
      <progress aria-label={label} value={doneCount} max={totalCount} />
      <span className="count-words">
        {label} {formatCount(doneCount)} of {formatCount(totalCount)}
      </span>
      <button type="button" onClick={stop}>
        Stop
      </button>
    </div>
  );
}

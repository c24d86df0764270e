import type { Conflict } from '../../../src/client/types.ts';
import type { Resolution } from '../../../src/core/policy.ts';

export interface DecisionProps {
  readonly conflict: Conflict;
  readonly isRunning: boolean;
  readonly onResolve: (resolution: Resolution) => void;
}

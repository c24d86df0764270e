import { mutantsOfClient } from './of-client.ts';
import { mutantsOfServer } from './of-server.ts';
import { mutantsOfTabs } from './of-tabs.ts';

/** One mistake in the shipped source: where this text stands, that one does. */
export interface Mutant {
  readonly name: string;
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly from: string;
  readonly to: string;
  /** In the place of the drawn faults. */
  readonly faults?: string;
  /** Tests beside the simulation that go red. */
  readonly tests?: string;
}

export const mutants: readonly Mutant[] = [...mutantsOfServer, ...mutantsOfClient, ...mutantsOfTabs];

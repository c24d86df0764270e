import type { EngineMethods } from '../client/engine-api.ts';
import type { WriteReceipt, WriteTransaction } from '../client/sync.ts';
import type { MutationOutcome } from '../client/types.ts';
import type { Schema } from '../core/schema.ts';
import { SyncError } from '../shared/error.ts';
import type { Runtime } from '../shared/runtime.ts';
import type { Settlements } from './settlements.ts';
import { Transaction } from './transaction.ts';

/** How often a callback is run when the leading tab dies under it. */
const MAX_RUNS = 5;

export interface WriterOptions<S extends Schema> {
  readonly schema: S;
  readonly methods: EngineMethods;
  readonly runtime: Runtime;
  readonly settlements: Settlements;
  readonly hasServer: boolean;
  /** Of the local database, as this page knows it. */
  readonly clientId: () => string | null;
}

/** Makes `write()`: one transaction, run again from the start when its engine goes away before the commit. */
export function createWriter<S extends Schema>(options: WriterOptions<S>) {
  const { schema, methods, runtime } = options;
  return async <T>(run: (tx: WriteTransaction<S>) => Promise<T> | T): Promise<WriteReceipt<T>> => {
    if (typeof run !== 'function')
      throw new SyncError('misuse', `write() takes a function, received ${run === null ? 'null' : typeof run}.`);
    // Also when it is run again: meanwhile the data may have been wiped.
    const clientId = options.clientId();
    for (let runs = 1; ; runs++) {
      const transaction = new Transaction({ schema, methods, writeId: runtime.uuid(), clientId });
      try {
        // Transaction is a WriteTransaction of any schema; S only narrows names and rows.
        const returned = run(transaction as unknown as WriteTransaction<S>);
        transaction.returned(returned);
        const result = await returned;
        await transaction.finish();
        const { mutationId, clientId: writtenBy = clientId } = await transaction.commit();
        return { mutationId, result, settled: settled(options, mutationId, writtenBy) };
      } catch (error) {
        await transaction.rollback();
        if (!transaction.isInterrupted || runs === MAX_RUNS) throw error;
      }
    }
  };
}

/** `writtenBy`: the local database that has the write. */
function settled(
  { settlements, hasServer }: Pick<WriterOptions<Schema>, 'settlements' | 'hasServer'>,
  mutationId: number | null,
  writtenBy: string | null,
): Promise<MutationOutcome> {
  if (mutationId !== null && hasServer) return settlements.outcomeOf(mutationId, writtenBy);
  // Nothing for a server to say: there is none, or nothing changed.
  return Promise.resolve({
    mutationId: mutationId ?? 0,
    outcome: hasServer ? 'applied' : 'local',
    seq: null,
    reason: null,
  });
}

import { type UseMutationOptions, type UseMutationResult, useMutation } from '@tanstack/react-query';
import type { WriteReceipt, WriteTransaction } from '../client/sync.ts';
import type { Schema } from '../core/schema.ts';
import { useSyncContext } from './context.ts';

/** What a mutation does, inside one transaction. */
export type SyncedMutationFn<Variables, Result, S extends Schema = Schema> = (
  tx: WriteTransaction<S>,
  variables: Variables,
) => Promise<Result> | Result;

export type SyncedMutationOptions<Variables, Result, Context = unknown> = Omit<
  UseMutationOptions<WriteReceipt<Result>, Error, Variables, Context>,
  'mutationFn'
>;

/**
 * A TanStack mutation that runs `fn(tx, variables)` as one local transaction. It succeeds when the write is durable on this
 * device: live queries show it by then, so there is nothing to update optimistically. `data.settled` tells the server's answer.
 *
 * @example
 * ```tsx
 * const vote = useSyncedMutation((tx, id: string) => tx.run(sql`UPDATE issue SET votes = votes + 1 WHERE id = ${id}`));
 * <button onClick={() => vote.mutate(issue.id)}>+1</button>
 * ```
 */
export function useSyncedMutation<Variables = void, Result = unknown, Context = unknown, S extends Schema = Schema>(
  fn: SyncedMutationFn<Variables, Result, S>,
  options: SyncedMutationOptions<Variables, Result, Context> = {},
): UseMutationResult<WriteReceipt<Result>, Error, Variables, Context> {
  const { sync, queryClient } = useSyncContext();
  return useMutation(
    {
      // A local write needs no network, and trying again by itself could write twice.
      networkMode: 'always',
      retry: false,
      ...options,
      mutationFn: (variables: Variables) => sync.write((tx) => fn(tx as unknown as WriteTransaction<S>, variables)),
    },
    queryClient,
  );
}

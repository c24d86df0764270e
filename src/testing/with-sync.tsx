import { type ComponentType, type ReactNode, useEffect, useState } from 'react';
import type { Sync } from '../client/sync.ts';
import type { Schema } from '../core/schema.ts';
import { SyncProvider } from '../react/sync-provider.tsx';
import { SyncError } from '../shared/error.ts';
import type { FakeState } from './fake-state.ts';
import { withScriptedState } from './scripted-state.ts';
import type { SimulatedNetwork } from './simulated-network.ts';
import type { TestRows } from './test-rows.ts';
import { createTestServer } from './test-server.ts';
import { createTestSync } from './test-sync.ts';

export interface WithSyncOptions<S extends Schema = Schema> {
  readonly schema: S;
  /** What is on the server, and so on the device, when the story begins. A device that is offline from the start has none of it. */
  readonly rows?: TestRows<S>;
  /** What `useSyncStatus`, `useConflicts` and the others are told, in place of what is true. Only these parts are scripted. */
  readonly state?: FakeState;
  /** Between the device and its server: keep it to take the story offline. */
  readonly network?: SimulatedNetwork;
  /** Shown until the rows are here. Default: nothing. */
  readonly fallback?: ReactNode;
}

/** What of a story's context is looked at; any Storybook of today gives it. */
interface StoryContext {
  readonly id: string;
}

const shown = new Map<string, Sync>();

/**
 * A Storybook decorator: the story runs inside a `SyncProvider` whose `sync` is real, with a database and a server of its own in
 * this thread. Each time the story is shown it begins anew.
 *
 * @example
 * ```tsx
 * export default { component: IssueList, decorators: [withSync({ schema, rows: { issue: [{ id: 'a', title: 'Gulls' }] } })] };
 * ```
 */
export function withSync<S extends Schema>(options: WithSyncOptions<S>) {
  return (Story: ComponentType, { id }: StoryContext) => (
    <Stage key={id} storyId={id} options={options}>
      <Story />
    </Stage>
  );
}

/**
 * The `Sync` of the story that is shown, for its `play` function.
 *
 * @throws SyncError `misuse` when the story has no {@link withSync}.
 */
export function syncOf({ id }: StoryContext): Sync {
  const sync = shown.get(id);
  if (sync) return sync;
  throw new SyncError('misuse', `The story ${id} is not shown, or has no withSync() among its decorators.`);
}

interface StageProps<S extends Schema> {
  readonly storyId: string;
  readonly options: WithSyncOptions<S>;
  readonly children: ReactNode;
}

function Stage<S extends Schema>({ storyId, options, children }: StageProps<S>) {
  const [sync, setSync] = useState<Sync<S> | null>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a story has its options for as long as it is shown
  useEffect(() => {
    const { made, close } = openStage(options);
    let isShown = true;
    shown.set(storyId, made);
    // What went wrong is for the provider to tell: it asks `ready` as well.
    const show = () => isShown && setSync(made);
    made.ready.then(show, show);
    return () => {
      isShown = false;
      // A page of documentation may show a story twice: the other one is still there.
      if (shown.get(storyId) === made) shown.delete(storyId);
      void close();
    };
  }, [storyId]);
  if (!sync) return <>{options.fallback}</>;
  return <SyncProvider sync={sync}>{children}</SyncProvider>;
}

function openStage<S extends Schema>({ schema, rows = {}, state, network }: WithSyncOptions<S>) {
  const server = createTestServer({ schema, rows });
  const real = createTestSync({ schema, server, ...(network ? { network } : {}) });
  const isPulled = network?.conditions.isOffline ? real.ready : real.sync().then(() => undefined);
  const scripted = state ? withScriptedState(real, state) : real;
  return {
    made: Object.defineProperty({ ...scripted }, 'ready', { value: isPulled }) as Sync<S>,
    async close() {
      await real.close();
      await server.close();
    },
  };
}

import { useCallback, useContext, useState } from 'react';
import type { SyncStats } from '../../../src/client/types.ts';
import type { Bundle } from '../../data/bundle/bundle.ts';
import { BundleContext } from '../../data/bundle/bundle-context.ts';
import { useInspected, useInspectedSync } from '../../data/inspected.ts';
import { useFetched } from '../../data/use-fetched.ts';
import { formatBytes } from '../../data/words.ts';
import { Facts } from '../../ui/facts.tsx';
import { LiveOnly } from '../../ui/live-only.tsx';
import { ErrorNotice, Notice } from '../../ui/notice.tsx';
import { useAction } from '../../ui/use-action.ts';

interface Quota {
  readonly usageBytes: number;
  readonly quotaBytes: number;
  /** Whether the browser promises not to evict this origin's data. */
  readonly isPromised: boolean;
}

/** What the browser says of this origin's storage; null where it says nothing. */
async function readQuota(): Promise<Quota | null> {
  if (!navigator.storage?.estimate) return null;
  const [{ usage = 0, quota = 0 }, isPromised] = await Promise.all([
    navigator.storage.estimate(),
    navigator.storage.persisted?.() ?? false,
  ]);
  return { usageBytes: usage, quotaBytes: quota, isPromised };
}

/** What the browser of the one who made the bundle had said. */
function quotaOf({ environment: { usageBytes, quotaBytes, isPersisted } }: Bundle): Quota | null {
  if (usageBytes === null || quotaBytes === null) return null;
  return { usageBytes, quotaBytes, isPromised: isPersisted === true };
}

/** How safe local data is: where it lies, how much room is left, and whether it is sound. */
export function StorageHealth({ stats }: { readonly stats: SyncStats | null }) {
  const isPersisted = useInspected((state) => state.status.persisted);
  const isStarting = useInspected((state) => state.status.phase === 'starting');
  const [asked, setAsked] = useState(0);
  const { bundle } = useContext(BundleContext);
  const fetch = useCallback(async () => (bundle ? quotaOf(bundle.bundle) : readQuota()), [bundle]);
  const quota = useFetched(fetch, `${stats?.storageBytes} ${asked}`);
  return (
    <Facts
      title="Storage"
      facts={[
        ['Where', isStarting ? '—' : isPersisted ? 'persisted on disk' : 'memory: gone when the tab closes'],
        ['Size', stats ? formatBytes(stats.storageBytes) : '—'],
        [
          'Quota',
          quota && quota.quotaBytes > 0 ? <QuotaMeter key="quota" quota={quota} /> : 'the browser does not say',
        ],
        ['Eviction', quota?.isPromised ? 'the browser keeps it' : 'possible when the disk is full'],
      ]}
    >
      <LiveOnly>
        <StorageActions canPersist={quota?.isPromised === false} onPersisted={() => setAsked(asked + 1)} />
      </LiveOnly>
    </Facts>
  );
}

function QuotaMeter({ quota: { usageBytes, quotaBytes } }: { readonly quota: Quota }) {
  return (
    <span className="quota">
      <meter aria-label="Quota used" min={0} max={quotaBytes} high={quotaBytes * 0.8} value={usageBytes} />
      {formatBytes(usageBytes)} of {formatBytes(quotaBytes)}
    </span>
  );
}

interface StorageActionsProps {
  readonly canPersist: boolean;
  readonly onPersisted: () => void;
}

function StorageActions({ canPersist, onPersisted }: StorageActionsProps) {
  const sync = useInspectedSync();
  const action = useAction();
  const [problems, setProblems] = useState<readonly string[] | null>(null);
  const check = async () => setProblems(await sync.inspect.integrityCheck());
  const persist = async () => {
    if (await navigator.storage.persist()) onPersisted();
    else throw new Error('The browser did not agree. It decides by how much the site is used, or asks the person.');
  };
  return (
    <>
      <div className="actions">
        <button type="button" disabled={action.isRunning} onClick={() => action.run(check)}>
          Check integrity
        </button>
        {canPersist && (
          <button type="button" disabled={action.isRunning} onClick={() => action.run(persist)}>
            Ask to keep it
          </button>
        )}
      </div>
      <ErrorNotice error={action.error} />
      {problems && (
        <Notice tone={problems.length === 0 ? 'ok' : 'bad'}>
          {problems.length === 0 ? <span role="status">The database is sound.</span> : <pre>{problems.join('\n')}</pre>}
        </Notice>
      )}
    </>
  );
}

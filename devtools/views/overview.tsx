import { useEffect, useState } from 'react';
import type { Sync } from '../../src/client/sync.ts';
import type { ConnectionState, SyncRound, SyncStats } from '../../src/client/types.ts';
import { useInspected, useInspectedSync } from '../data/inspected.ts';
import { clockWords, durationWords, useNow } from '../data/time.ts';
import { countWords, formatBytes, formatCount, progressWords } from '../data/words.ts';
import { Facts } from '../ui/facts.tsx';
import { Notice } from '../ui/notice.tsx';
import { Rounds } from './rounds.tsx';

const CONNECTIONS: Readonly<Record<ConnectionState, string>> = {
  open: 'realtime (WebSocket)',
  connecting: 'connecting…',
  polling: 'polling over HTTP',
  closed: 'closed',
};

/** How things stand on this device, in words and figures. */
export function Overview() {
  const sync = useInspectedSync();
  const state = useInspected((whole) => whole);
  const now = useNow();
  const { status } = state;
  const totals = useTotals(sync, status.lastSyncedAt);
  return (
    <div className="padded overview">
      {status.error && (
        <Notice tone={status.phase === 'offline' ? 'warn' : 'bad'}>
          <strong>{status.error.kind}</strong> {status.error.message}
        </Notice>
      )}
      {status.progress && (
        <progress
          max={status.progress.total ?? undefined}
          value={status.progress.done}
          aria-label={progressWords(status.progress)}
        />
      )}
      <div className="cards">
        <Facts
          title="Connection"
          facts={[
            ['Channel', status.phase === 'local' ? 'no server' : CONNECTIONS[status.connection]],
            ['Server reached', status.phase === 'local' ? '—' : status.isOnline ? 'yes' : 'no'],
            ['Last synced', status.lastSyncedAt === null ? 'never' : clockWords(status.lastSyncedAt, now)],
            ['First full sync', status.hasSynced ? 'done' : 'not yet'],
            [
              'Next try',
              status.nextRetryAt === null ? '—' : `in ${durationWords(Math.max(0, status.nextRetryAt - now))}`,
            ],
            ['Paused by', status.pausedBy.length === 0 ? '—' : status.pausedBy.join(', ')],
          ]}
        />
        <Facts
          title="This device"
          facts={[
            ['Storage', status.persisted ? 'persisted on disk' : 'memory: gone when the tab closes'],
            ['Leader', state.isLeader ? 'this tab' : 'another tab'],
            ['clientId', <code key="id">{state.clientId ?? 'not yet'}</code>],
            ['sessionId', <code key="id">{state.sessionId}</code>],
            [
              'Schema',
              `version ${sync.schema.version}, ${countWords(Object.keys(sync.schema.tables).length, 'table')}`,
            ],
            ['Size', totals.stats ? formatBytes(totals.stats.storageBytes) : '—'],
          ]}
        />
        <Facts title="Since set-up" facts={statFacts(totals.stats)} />
      </div>
      <Rounds rounds={totals.rounds} now={now} />
    </div>
  );
}

function statFacts(stats: SyncStats | null): [string, string][] {
  const figure = (name: keyof SyncStats) => (stats ? formatCount(stats[name]) : '—');
  return [
    ['Rounds', figure('roundCount')],
    ['Failed rounds', figure('failedRoundCount')],
    ['Mutations sent', figure('pushedMutationCount')],
    ['Changes received', figure('pulledChangeCount')],
    ['Conflicts', figure('conflictCount')],
    ['Rejected', figure('rejectedCount')],
  ];
}

interface Totals {
  readonly stats: SyncStats | null;
  readonly rounds: readonly SyncRound[];
}

const NO_TOTALS: Totals = { stats: null, rounds: [] };

/** Asked anew after each good round. A database that is not open yet, or never will be, has no totals. */
function useTotals(sync: Sync, lastSyncedAt: number | null): Totals {
  const [totals, setTotals] = useState(NO_TOTALS);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new round is what changes the totals
  useEffect(() => {
    let isMounted = true;
    Promise.all([sync.stats(), sync.history()]).then(
      ([stats, rounds]) => isMounted && setTotals({ stats, rounds }),
      () => undefined,
    );
    return () => {
      isMounted = false;
    };
  }, [sync, lastSyncedAt]);
  return totals;
}

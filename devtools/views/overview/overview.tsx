import { useCallback } from 'react';
import type { ConnectionState, SyncRound, SyncState, SyncStats } from '../../../src/client/types.ts';
import { PROTOCOL_VERSION } from '../../../src/protocol/version.ts';
import { useInspected, useInspectedSync } from '../../data/inspected.ts';
import { clockWords, useNow } from '../../data/time.ts';
import { useFetched } from '../../data/use-fetched.ts';
import { countWords, formatCount, inWords, progressWords } from '../../data/words.ts';
import { CopiedId } from '../../ui/copied-id.tsx';
import { Facts } from '../../ui/facts.tsx';
import { Notice } from '../../ui/notice.tsx';
import { ConnectionHistory } from './connection-history.tsx';
import { Plots } from './plots.tsx';
import { Rounds } from './rounds.tsx';
import { StorageHealth } from './storage-health.tsx';

const CONNECTIONS: Readonly<Record<ConnectionState, string>> = {
  open: 'realtime (WebSocket)',
  connecting: 'connecting…',
  polling: 'polling over HTTP',
  closed: 'closed',
};

/** How things stand on this device, in words and figures. */
export function Overview() {
  const status = useInspected((state) => state.status);
  const now = useNow();
  const { stats, rounds } = useTotals();
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
        <Facts title="Connection" facts={connectionFacts(status, now)} />
        <StorageHealth stats={stats} />
        <Identity />
        <Facts title="Since the engine started" facts={statFacts(stats)} />
      </div>
      <Plots rounds={rounds} />
      <ConnectionHistory now={now} />
      <Rounds rounds={rounds} now={now} />
    </div>
  );
}

function connectionFacts(status: SyncState['status'], now: number): [string, string][] {
  const isLocal = status.phase === 'local';
  return [
    ['Channel', isLocal ? 'no server' : CONNECTIONS[status.connection]],
    ['Server reached', isLocal ? '—' : status.isOnline ? 'yes' : 'no'],
    ['Last synced', status.lastSyncedAt === null ? 'never' : clockWords(status.lastSyncedAt, now)],
    ['First full sync', status.hasSynced ? 'done' : 'not yet'],
    ['Next try', status.nextRetryAt === null ? '—' : inWords(status.nextRetryAt, now)],
    ['Paused by', status.pausedBy.length === 0 ? '—' : status.pausedBy.join(', ')],
  ];
}

/** Which database this is, and who owns it. */
function Identity() {
  const { schema } = useInspectedSync();
  const clientId = useInspected((state) => state.clientId);
  const sessionId = useInspected((state) => state.sessionId);
  const isLeader = useInspected((state) => state.isLeader);
  return (
    <Facts
      title="This device"
      facts={[
        ['clientId', clientId === null ? 'not yet' : <CopiedId key="id" id={clientId} name="client id" />],
        ['sessionId', <CopiedId key="id" id={sessionId} name="session id" />],
        ['Leader', isLeader ? 'this tab' : 'another tab'],
        ['Schema', `version ${schema.version}, ${countWords(Object.keys(schema.tables).length, 'table')}`],
        ['Protocol', `version ${PROTOCOL_VERSION}`],
      ]}
    />
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

/** Asked anew after each round. A database that is not open yet, or never will be, has no totals. */
function useTotals(): Totals {
  const sync = useInspectedSync();
  const lastSyncedAt = useInspected((state) => state.status.lastSyncedAt);
  const error = useInspected((state) => state.status.error);
  const fetch = useCallback(async () => {
    const [stats, rounds] = await Promise.all([sync.stats(), sync.history()]);
    return { stats, rounds };
  }, [sync]);
  return useFetched(fetch, error ?? lastSyncedAt) ?? NO_TOTALS;
}

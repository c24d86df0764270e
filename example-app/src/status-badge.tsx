import { type SyncStatus, useSyncStatus } from 'tidemark';

/** The status in words, as honest as the engine tells it. */
export function StatusBadge() {
  const status = useSyncStatus();
  return (
    <span className="badge" data-phase={status.phase} role="status" data-testid="status">
      <span className="badge-dot" aria-hidden="true" />
      {words(status)}
    </span>
  );
}

const number = (value: number) => value.toLocaleString('en');

function words(status: SyncStatus): string {
  const { phase, pendingCount, conflictCount, rejectedCount, progress } = status;
  const waiting = pendingCount === 0 ? '' : ` · ${number(pendingCount)} waiting`;
  if (phase === 'blocked') return `${number(conflictCount + rejectedCount)} to decide`;
  if (phase === 'paused') return `Offline${waiting}`;
  if (phase === 'offline') return `Server out of reach${waiting}`;
  if (phase === 'needs-auth') return `Sign in to sync${waiting}`;
  if (phase === 'error') return `Sync failed${waiting}`;
  if (phase === 'starting') return 'Starting';
  if (phase === 'local') return 'On this device only';
  if (phase === 'synced') return 'Synced';
  if (progress?.step === 'snapshot') {
    return `Loading ${number(progress.done)}${progress.total ? ` of ${number(progress.total)}` : ''}`;
  }
  return `Syncing${waiting}`;
}

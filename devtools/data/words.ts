import type { SyncPhase, SyncProgress, SyncStatus } from '../../src/client/types.ts';
import { ageWords, clockWords, durationWords } from './time.ts';

/** How a thing stands, as a colour: fine, under way, wants attention, broken, or none of these. */
export type Tone = 'ok' | 'busy' | 'warn' | 'bad' | 'idle';

export interface StatusWords {
  readonly tone: Tone;
  /** The one thing to know. */
  readonly headline: string;
  /** What else is true and worth saying, in order. */
  readonly details: readonly string[];
}

const TONES: Readonly<Record<SyncPhase, Tone>> = {
  local: 'idle',
  starting: 'idle',
  paused: 'idle',
  syncing: 'busy',
  pending: 'busy',
  synced: 'ok',
  blocked: 'warn',
  offline: 'warn',
  'needs-auth': 'bad',
  error: 'bad',
};

/** The honest status in words. */
export function statusWords(status: SyncStatus, now: number): StatusWords {
  return {
    tone: toneOf(status),
    headline: headlineOf(status),
    details: [...waiting(status, now), ...decisions(status), ...lastSync(status, now), ...trouble(status, now)],
  };
}

/** A decision that waits for a person shows in the colour, whatever else goes on. */
export function toneOf(status: SyncStatus): Tone {
  const tone = TONES[status.phase];
  const wantsPerson = status.conflictCount + status.rejectedCount > 0;
  return wantsPerson && tone !== 'bad' ? 'warn' : tone;
}

const HEADLINES: Readonly<Record<SyncPhase, (status: SyncStatus) => string>> = {
  local: () => 'On this device only: no server is set',
  starting: () => 'Opening the database',
  paused: (status) => `Paused by ${status.pausedBy.join(', ') || 'the app'}`,
  syncing: (status) => (status.progress ? progressWords(status.progress) : 'Syncing'),
  pending: (status) => (status.pendingCount > 0 ? `${changes(status.pendingCount)} waiting` : 'The server has news'),
  synced: () => 'Everything is synced',
  blocked: () => 'Waiting for your decision',
  offline: () => 'Offline',
  'needs-auth': () => 'Needs sign-in',
  error: () => 'Sync failed',
};

function headlineOf(status: SyncStatus): string {
  return HEADLINES[status.phase](status);
}

function waiting(status: SyncStatus, now: number): string[] {
  if (status.pendingCount === 0) return [];
  const count = status.phase === 'pending' ? [] : [`${changes(status.pendingCount)} waiting`];
  return status.oldestPendingAt === null ? count : [...count, oldestWords(status.oldestPendingAt, now)];
}

function oldestWords(at: number, now: number): string {
  const age = ageWords(at, now);
  return age === 'now' ? 'just written' : `oldest ${age}`;
}

function decisions(status: SyncStatus): string[] {
  const conflicts = status.conflictCount > 0 ? [countWords(status.conflictCount, 'open conflict')] : [];
  return status.rejectedCount > 0 ? [...conflicts, `${formatCount(status.rejectedCount)} rejected`] : conflicts;
}

function lastSync(status: SyncStatus, now: number): string[] {
  if (status.phase === 'local' || status.phase === 'starting') return [];
  return [status.lastSyncedAt === null ? 'never synced' : `last synced ${clockWords(status.lastSyncedAt, now)}`];
}

function trouble(status: SyncStatus, now: number): string[] {
  const retry = status.nextRetryAt !== null && status.phase !== 'paused' ? [retryWords(status.nextRetryAt, now)] : [];
  return status.persisted || status.phase === 'starting' ? retry : [...retry, 'not persisted'];
}

function retryWords(at: number, now: number): string {
  return at > now ? `next try ${inWords(at, now)}` : 'trying again';
}

/** How long until then: `in 3 s`. Nobody reads milliseconds that pass. */
export function inWords(at: number, now: number): string {
  return at > now ? `in ${durationWords(Math.max(1_000, at - now))}` : 'now';
}

/** `Sending 12 of 40 changes`. */
export function progressWords({ step, done, total }: SyncProgress): string {
  const doing = { push: 'Sending', pull: 'Receiving', snapshot: 'Loading', seed: 'Preparing' }[step];
  const amount = total === null ? formatCount(done) : `${formatCount(done)} of ${formatCount(total)}`;
  return `${doing} ${amount} ${step === 'push' ? 'changes' : 'rows'}`;
}

function changes(count: number): string {
  return countWords(count, 'change');
}

/** `1 row`, `2 rows`, `12,345 rows`. */
export function countWords(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** Made once: a formatter costs more than a thousand uses of it. */
const counts = new Intl.NumberFormat('en');

export function formatCount(count: number): string {
  return counts.format(count);
}

const BYTE_UNITS = ['B', 'KiB', 'MiB', 'GiB'] as const;

export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1_024 && unit < BYTE_UNITS.length - 1) {
    value /= 1_024;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${BYTE_UNITS[unit]}`;
}

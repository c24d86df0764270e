import type { MutationOutcome, SyncEvent, SyncRound, SyncTrigger } from '../../src/client/types.ts';
import { countWords, progressWords } from './words.ts';

type Words = { readonly [T in SyncEvent['type']]: (event: Extract<SyncEvent, { type: T }>) => string };

const TRIGGERS: Readonly<Record<SyncTrigger, string>> = {
  start: 'the app started',
  write: 'something was written',
  interval: 'it was time',
  poke: 'the server told of something new',
  changes: 'the server sent changes',
  retry: 'another try',
  online: 'the network is back',
  manual: 'it was asked for',
  resume: 'the pause is over',
};

const OUTCOMES: Readonly<Record<MutationOutcome['outcome'], string>> = {
  applied: 'applied as it is',
  merged: 'merged with changes of others',
  conflict: 'met a conflict',
  rejected: 'rejected',
  discarded: 'discarded by a person',
  local: 'kept on this device',
};

const WORDS: Words = {
  'sync-started': ({ trigger }) => TRIGGERS[trigger],
  progress: ({ progress }) => progressWords(progress),
  'sync-finished': ({ round }) => roundWords(round),
  'sync-failed': ({ error }) => error.message,
  'mutation-written': ({ mutationId, tables }) => `#${mutationId} on ${tables.join(', ')}`,
  'mutation-settled': ({ outcome }) => outcomeWords(outcome),
  'conflict-detected': ({ table }) => `a row of ${table}`,
  'conflict-resolved': ({ table }) => `a row of ${table}`,
  stalled: ({ what, error }) => `${what}: ${error.message}`,
  'resolver-failed': ({ table, error }) => `${table}: ${error.message}`,
  'changes-applied': ({ seq, changeCount, tables }) =>
    `${[countWords(changeCount, 'change'), ...(tables.length > 0 ? [`in ${tables.join(', ')}`] : [])].join(' ')}, up to seq ${seq}`,
  'connection-changed': ({ connection }) => `now ${connection}`,
  paused: ({ reason }) => `by ${reason}`,
  resumed: ({ reason }) => `by ${reason}`,
  resync: ({ reason }) => reason,
  'client-renewed': ({ clientId }) => `a copy of another database: from now on ${clientId}`,
  'leader-changed': ({ isLeader }) => (isLeader ? 'this tab leads now' : 'another tab leads now'),
  'schema-migrated': ({ from, to }) => `from version ${from} to ${to}`,
};

/** What an event says, on one line. */
export function eventWords(event: SyncEvent): string {
  // A newer engine, or the file of one, may know events that this panel does not.
  const words = WORDS[event.type] as ((event: SyncEvent) => string) | undefined;
  return words?.(event) ?? '';
}

function roundWords({ pushedCount, pulledChangeCount, durationMs }: SyncRound): string {
  const parts = [
    ...(pushedCount > 0 ? [`${countWords(pushedCount, 'mutation')} sent`] : []),
    ...(pulledChangeCount > 0 ? [`${countWords(pulledChangeCount, 'change')} received`] : []),
  ];
  return `${parts.length > 0 ? parts.join(', ') : 'nothing new'}, in ${Math.round(durationMs)} ms`;
}

function outcomeWords({ mutationId, outcome, reason }: MutationOutcome): string {
  return `#${mutationId} ${OUTCOMES[outcome]}${reason ? `: ${reason.message}` : ''}`;
}

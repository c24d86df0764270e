import { NOTHING } from './history.ts';
import type { Sessions, Step } from './sessions.ts';
import type { Violation } from './violation.ts';
import type { WriteIndex } from './write-index.ts';

/** The last value a client read of each key at its end, and the transaction that did. */
type Closing = Map<string, { readonly value: number; readonly step: Step }>;

export interface ClosingInput {
  readonly sessions: Sessions;
  readonly writes: WriteIndex;
  /** Whether a value was written by anybody. */
  readonly isWritten: (key: string, value: number) => boolean;
}

/**
 * What a history shows at its end, if it shows that it has come to rest.
 *
 * A client's closing reads are those of its last transaction, if that only reads, and those in the run of reading
 * transactions at the end of the file. A history has a *closing round* if it has two clients or more and the closing
 * reads of each cover every key that was written. It stands for: all was delivered by then. In one,
 * - closing reads that differ break `convergence`;
 * - closing reads that are all older than the greatest write break `lost-update`.
 *
 * A client that is gone for good reads no more. So, when the file ends with the closing round of all clients (two or more) but the
 * author of a key's greatest write, and they agree on an older value, and none of them ever saw that write, it is a
 * `lost-update`, too. Without a closing round neither name is ever reported.
 */
export function checkClosing({ sessions, writes, isWritten }: ClosingInput): Violation[] {
  const keys = [...writes.keys()];
  const tail = tailReads(sessions);
  const closings = sessions.byClient.map((session, client) => withLast(tail[client], session.at(-1)));
  if (closings.length < 2) return [];
  if (closings.every((closing) => covers(closing, keys))) {
    return keys.flatMap((key) => checkKey({ key, closings, writes, isWritten }));
  }
  return keys.flatMap((key) => lostWithAuthor({ key, keys, tail, sessions, writes }));
}

/** Files without an order among clients have at least their last client's reads here, which is as good. */
function tailReads({ steps, byClient }: Sessions): Closing[] {
  const closings: Closing[] = byClient.map(() => new Map());
  for (let i = steps.length - 1; i >= 0; i--) {
    const step = steps[i];
    if (!step || step.writes.size > 0) break;
    addReads(closings[step.client], step);
  }
  return closings;
}

function withLast(closing: Closing | undefined, last: Step | undefined): Closing {
  const all: Closing = new Map(closing);
  if (last && last.writes.size === 0) addReads(all, last);
  return all;
}

/** Reads of an earlier step never replace those of a later one. */
function addReads(closing: Closing | undefined, step: Step): void {
  for (const { k, v } of [...step.ops].reverse()) if (!closing?.has(k)) closing?.set(k, { value: v, step });
}

function covers(closing: Closing, keys: readonly string[]): boolean {
  return keys.every((key) => closing.has(key));
}

interface KeyInput {
  readonly key: string;
  readonly closings: readonly Closing[];
  readonly writes: WriteIndex;
  readonly isWritten: (key: string, value: number) => boolean;
}

function checkKey({ key, closings, writes, isWritten }: KeyInput): Violation[] {
  const reads = closings.flatMap((closing) => closing.get(key) ?? []);
  // An invented value is reported as that; it shows nothing about the rest.
  if (reads.some(({ value }) => value !== NOTHING && !isWritten(key, value))) return [];
  const least = writes.top(key);
  const stale = reads.filter(({ value }) => value < least);
  const [first] = stale;
  if (!first) return [];
  const violation = { txn: first.step.position, key, read: first.value, least };
  const lost = stale.length === reads.length ? [{ name: 'lost-update' as const, ...violation }] : [];
  const differs = reads.some(({ value }) => value !== first.value);
  return differs ? [{ name: 'convergence' as const, ...violation }, ...lost] : lost;
}

interface AuthorInput {
  readonly key: string;
  readonly keys: readonly string[];
  readonly tail: readonly Closing[];
  readonly sessions: Sessions;
  readonly writes: WriteIndex;
}

function lostWithAuthor({ key, keys, tail, sessions, writes }: AuthorInput): Violation[] {
  const least = writes.top(key);
  const author = writes.writer(key, least);
  if (typeof author !== 'object') return [];
  const others = tail.filter((_, client) => client !== author.client);
  const [first] = others.flatMap((closing) => closing.get(key) ?? []);
  if (others.length < 2 || !first || first.value >= least) return [];
  const agree = others.every((closing) => covers(closing, keys) && closing.get(key)?.value === first.value);
  const wasSeen = sessions.steps.some(
    ({ client, ops }) => client !== author.client && ops.some(({ o, k, v }) => o === 'r' && k === key && v === least),
  );
  if (!agree || wasSeen) return [];
  return [{ name: 'lost-update', txn: first.step.position, key, read: first.value, least }];
}

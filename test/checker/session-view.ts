import type { CausalOrder } from './causal-order.ts';
import { NOTHING } from './history.ts';
import { Reach } from './reach.ts';
import type { Step } from './sessions.ts';
import { isStep, type Source } from './sources.ts';
import type { Violation, ViolationName } from './violation.ts';
import type { WriteIndex } from './write-index.ts';

export interface SessionInput {
  readonly writes: WriteIndex;
  readonly sources: ReadonlyMap<Step, readonly Source[]>;
  readonly order: CausalOrder;
}

/** Walks one session, and checks each of its reads against what it has seen by then. */
export class SessionView {
  readonly #input: SessionInput;
  readonly #violations: Violation[] = [];
  /** The greatest value read so far, by key. */
  readonly #read = new Map<string, number>();
  /** What the transactions promise that were seen through another key of theirs. */
  readonly #siblings = new Map<string, number>();
  /** The key through which a transaction was seen first; null once there were several. */
  readonly #seenThrough = new Map<Step, string | null>();
  readonly #sessions: Reach;
  readonly #causes: Reach;

  constructor(input: SessionInput) {
    this.#input = input;
    this.#sessions = new Reach(input.writes);
    this.#causes = new Reach(input.writes);
  }

  check(session: readonly Step[]): Violation[] {
    for (const step of session) {
      const sources = this.#provenSources(step);
      // All of a transaction's reads see the same: a later one tells about an earlier one, too.
      for (const [at, source] of sources.entries()) this.#see(source, step.ops[at]?.k ?? '', step);
      this.#checkReads(step, sources);
    }
    return this.#violations;
  }

  /** The sources, without those reads that are wrong by themselves. */
  #provenSources(step: Step): (Source | null)[] {
    const sources = this.#input.sources.get(step) ?? [];
    return sources.map((source, at) => {
      const name = this.#wrongSource(step, source);
      const op = step.ops[at];
      if (!name || !op) return source;
      this.#violations.push({ name, txn: step.position, key: op.k, read: op.v });
      return null;
    });
  }

  #wrongSource(step: Step, source: Source): ViolationName | null {
    if (source === 'invented') return 'aborted-read';
    if (source === 'later' || (isStep(source) && this.#input.order.isFromFuture(step, source))) return 'future-read';
    return null;
  }

  #see(source: Source | null, key: string, reader: Step): void {
    if (source === null || !isStep(source)) return;
    this.#seeSiblings(source, key);
    if (source.client === reader.client) return;
    this.#sessions.extend(source.client, source.index, key);
    const clock = this.#input.order.clocks.get(source);
    for (let at = 0; clock && at < clock.clients.length; at += 1) {
      const client = clock.clients[at] ?? 0;
      if (client !== source.client) this.#causes.extend(client, clock.counts[at] ?? 0, key);
    }
  }

  #seeSiblings(source: Step, key: string): void {
    const through = this.#seenThrough.get(source);
    if (through === null || through === key) return;
    this.#seenThrough.set(source, through === undefined ? key : null);
    // The second key adds nothing but the first one.
    const siblings =
      through === undefined ? source.writes : new Map([[through, source.writes.get(through) ?? NOTHING]]);
    for (const [sibling, value] of siblings) {
      if (sibling !== key) this.#siblings.set(sibling, Math.max(value, this.#siblings.get(sibling) ?? NOTHING));
    }
  }

  #checkReads(step: Step, sources: readonly (Source | null)[]): void {
    const furtherOn = greatestFurtherOn(step, sources);
    const written = new Map<string, number>();
    for (const [at, { o, k, v }] of step.ops.entries()) {
      if (o === 'w') written.set(k, Math.max(v, written.get(k) ?? NOTHING));
      const source = sources[at];
      if (o === 'w' || source === null || source === undefined) continue;
      const own = Math.max(this.#input.writes.greatest(k, step.client, step.index), written.get(k) ?? NOTHING);
      const replaced = isStep(source) ? (source.writes.get(k) ?? NOTHING) : NOTHING;
      const promised: Promises = [
        ['read-your-writes', own],
        ['monotonic-reads', this.#read.get(k) ?? NOTHING],
        ['atomic-visibility', Math.max(this.#siblings.get(k) ?? NOTHING, furtherOn[at] ?? NOTHING, replaced)],
        ['monotonic-writes', this.#sessions.promised(k)],
        ['writes-follow-reads', this.#causes.promised(k)],
      ];
      const broken = promised.filter(([, least]) => v < least);
      const found = broken.length > 0 ? broken : this.#rest(k).filter(([, least]) => v < least);
      for (const [name, least] of found) this.#violations.push({ name, txn: step.position, key: k, read: v, least });
      this.#read.set(k, Math.max(v, this.#read.get(k) ?? NOTHING));
    }
  }

  /** Only where values of a key do not grow: then what was read of it does not say how great it must be. */
  #rest(key: string): Promises {
    return [
      ['monotonic-writes', this.#sessions.promised(key, 'any-key')],
      ['writes-follow-reads', this.#causes.promised(key, 'any-key')],
    ];
  }
}

type Promises = (readonly [ViolationName, number])[];

/**
 * At each operation, the greatest value of its key that the transaction reads from others further on: the smaller one
 * came from a view without it. (One read after the greater is a matter of monotonic reads.)
 */
function greatestFurtherOn(step: Step, sources: readonly (Source | null)[]): number[] {
  const greatest = new Map<string, number>();
  const furtherOn: number[] = [];
  for (let at = step.ops.length - 1; at >= 0; at--) {
    const [op, source] = [step.ops[at], sources[at]];
    if (!op) continue;
    const known = greatest.get(op.k) ?? NOTHING;
    furtherOn[at] = known;
    if (source && isStep(source)) greatest.set(op.k, Math.max(op.v, known));
  }
  return furtherOn;
}

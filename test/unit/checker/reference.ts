/**
 * The definitions of `violation.ts` once more, read off word by word and without any cleverness: every set is written out, every pair
 * looked at. For histories of a few transactions.
 */
import { type History, NOTHING, type Transaction } from '../../checker/history.ts';
import type { ViolationName } from '../../checker/violation.ts';

type Txn = Transaction;

interface Read {
  readonly txn: Txn;
  readonly at: number;
  readonly key: string;
  readonly value: number;
  /** The transaction that wrote the value; null: none, or this very one. */
  readonly source: Txn | null;
}

/** What is broken, without the two names of a closing round. Each value of a key is written once. */
export function namesByDefinition({ txns }: History): ViolationName[] {
  const all: Txn[] = txns.filter(({ ops }) => ops.length > 0);
  const before = (one: Txn, other: Txn) => one.c === other.c && all.indexOf(one) < all.indexOf(other);
  const left = (txn: Txn, key: string) =>
    Math.max(NOTHING, ...txn.ops.filter(({ o, k }) => o === 'w' && k === key).map(({ v }) => v));
  const names = new Set<ViolationName>();

  const reads: Read[] = [];
  for (const txn of all) {
    for (const [at, { o, k, v }] of txn.ops.entries()) {
      if (o === 'w') continue;
      const source = all.find(({ ops }) => ops.some((op) => op.o === 'w' && op.k === k && op.v === v)) ?? null;
      const isOwn = txn.ops.slice(0, at).some((op) => op.o === 'w' && op.k === k && op.v === v);
      if (v !== NOTHING && source === null) names.add('aborted-read');
      else if (source === txn && !isOwn) names.add('future-read');
      else reads.push({ txn, at, key: k, value: v, source: isOwn ? null : source });
    }
  }
  // Causes: earlier in the session, or read from; and theirs.
  const causesOf = (txn: Txn): Set<Txn> => {
    const causes = new Set<Txn>();
    const add = (one: Txn) => {
      if (causes.has(one)) return;
      causes.add(one);
      for (const other of all) if (before(other, one)) add(other);
      for (const { txn: reader, source } of reads) if (reader === one && source) add(source);
    };
    for (const other of all) if (before(other, txn)) add(other);
    for (const { txn: reader, source } of reads) if (reader === txn && source) add(source);
    return causes;
  };
  const causes = new Map(all.map((txn) => [txn, causesOf(txn)]));
  const isAfter = (one: Txn, other: Txn) => causes.get(one)?.has(other) ?? false;
  /** What the session itself wrote before is not from its future, whatever else goes round in a circle. */
  const isFuture = ({ txn, source }: Read) => source !== null && isAfter(source, txn) && !before(source, txn);
  const proven = reads.filter((read) => !isFuture(read));
  if (proven.length < reads.length) names.add('future-read');
  // The order that is left, without the reads that contradict it.
  const provenCauses = (txn: Txn): Set<Txn> => {
    const found = new Set<Txn>();
    const add = (one: Txn) => {
      if (found.has(one)) return;
      found.add(one);
      for (const other of all) if (before(other, one)) add(other);
      for (const { txn: reader, source } of proven) if (reader === one && source) add(source);
    };
    for (const other of all) if (before(other, txn)) add(other);
    for (const { txn: reader, source } of proven) if (reader === txn && source) add(source);
    return found;
  };

  for (const { txn, at, key, value, source } of proven) {
    const isEarlier = (other: Read) => before(other.txn, txn) || (other.txn === txn && other.at < at);
    /** Reads from others that the session has made by the end of this transaction. */
    const made = proven.filter((other) => other.txn === txn || before(other.txn, txn));
    const ownWrites = [
      ...all.filter((other) => before(other, txn)).map((other) => left(other, key)),
      ...txn.ops
        .slice(0, at)
        .filter(({ o, k }) => o === 'w' && k === key)
        .map(({ v }) => v),
    ];
    if (ownWrites.some((own) => own > value)) names.add('read-your-writes');
    if (proven.some((other) => other.key === key && other.value > value && isEarlier(other)))
      names.add('monotonic-reads');
    if (source && left(source, key) > value) names.add('atomic-visibility');
    const appears = proven.some(
      (other) => other.txn === txn && other.at > at && other.key === key && other.source && other.value > value,
    );
    if (appears) names.add('atomic-visibility');
    for (const { key: through, source: seen } of made) {
      if (!seen || through === key) continue;
      if (left(seen, key) > value) names.add('atomic-visibility');
      if (seen.c === txn.c) continue;
      if (all.some((other) => before(other, seen) && left(other, key) > value)) names.add('monotonic-writes');
      const further = [...provenCauses(seen)].filter(({ c }) => c !== seen.c);
      if (further.some((other) => left(other, key) > value)) names.add('writes-follow-reads');
    }
  }
  return [...names].sort();
}

/** Whether whoever writes a key writes more than what it follows from: that is what the format asks for. */
export function doesGrow({ txns }: History): boolean {
  const views = viewsOf(txns);
  return txns.every((txn) =>
    txn.ops.every(({ o, k, v }) => {
      const seen = [...(views.get(txn) ?? [])].flatMap(({ ops }) => ops.filter((op) => op.o === 'w' && op.k === k));
      return o === 'r' || seen.every((op) => op.v < v || txn.ops.includes(op));
    }),
  );
}

/**
 * Whether there is a way to see it: each transaction reads one view, closed under its causes, with its session's own; of each key it
 * shows the greatest value in the view, or the transaction's own.
 */
export function hasViews({ txns }: History): boolean {
  const views = viewsOf(txns);
  return txns.every((txn) => {
    const view = views.get(txn) ?? new Set();
    if (view.has(txn)) return false;
    const own = new Map<string, number>();
    return txn.ops.every(({ o, k, v }) => {
      if (o === 'w') own.set(k, Math.max(v, own.get(k) ?? NOTHING));
      const seen = [...view].flatMap(({ ops }) => ops.filter((op) => op.o === 'w' && op.k === k).map((op) => op.v));
      return o === 'w' || v === Math.max(NOTHING, own.get(k) ?? NOTHING, ...seen);
    });
  });
}

/** The smallest view of each transaction: what it follows from. */
function viewsOf(txns: readonly Txn[]): Map<Txn, Set<Txn>> {
  const writerOf = (key: string, value: number) =>
    txns.find(({ ops }) => ops.some((op) => op.o === 'w' && op.k === key && op.v === value));
  const viewOf = (txn: Txn): Set<Txn> => {
    const view = new Set<Txn>();
    const addCauses = (one: Txn) => {
      const earlier = txns.slice(0, txns.indexOf(one)).filter(({ c }) => c === one.c);
      const read = one.ops.flatMap(({ o, k, v }) => (o === 'r' && v !== NOTHING ? (writerOf(k, v) ?? []) : []));
      for (const cause of [...earlier, ...read.filter((writer) => writer !== one)]) {
        if (view.has(cause)) continue;
        view.add(cause);
        addCauses(cause);
      }
    };
    addCauses(txn);
    return view;
  };
  return new Map(txns.map((txn) => [txn, viewOf(txn)]));
}

import type { Sessions, Step } from './sessions.ts';
import { isStep, type Source } from './sources.ts';
import { joined, type VectorClock, withOwn } from './vector-clock.ts';

export interface CausalOrder {
  readonly clocks: ReadonlyMap<Step, VectorClock>;
  /** Whether a read closes a circle of causes: it saw a value from the reader's own causal future. */
  isFromFuture(reader: Step, source: Step): boolean;
}

/**
 * The causal order: sessions go forward, and a reader comes after whoever wrote what it read. Reads that make a circle are
 * told apart (all inside a strongly connected component) and order nothing.
 */
export function causalOrder({ byClient, steps }: Sessions, sources: ReadonlyMap<Step, readonly Source[]>): CausalOrder {
  const causesOf = (step: Step) => {
    const before = byClient[step.client]?.[step.index - 1];
    return [...(before ? [before] : []), ...new Set((sources.get(step) ?? []).filter(isStep))];
  };
  const effects = new Map<Step, Step[]>(steps.map((step) => [step, []]));
  for (const step of steps) for (const cause of causesOf(step)) effects.get(cause)?.push(step);
  const circleOf = circles(steps, causesOf, (step) => effects.get(step) ?? []);
  const isFromFuture = (reader: Step, source: Step) =>
    circleOf.get(reader) === circleOf.get(source) && !(source.client === reader.client && source.index < reader.index);

  const clocks = new Map<Step, VectorClock>();
  for (const step of causesFirst(steps, circleOf)) {
    let clock: VectorClock | null = null;
    for (const cause of causesOf(step)) {
      const known = isFromFuture(step, cause) ? undefined : clocks.get(cause);
      if (known) clock = clock ? joined(clock, known) : known;
    }
    clocks.set(step, withOwn(clock, step.client, step.index + 1));
  }
  return { clocks, isFromFuture };
}

/** Circles come numbered with their causes first; inside one only the order of the sessions is left. */
function causesFirst(steps: readonly Step[], circleOf: ReadonlyMap<Step, number>): Step[] {
  const numberOf = (step: Step) => circleOf.get(step) ?? 0;
  return [...steps].sort((a, b) => numberOf(a) - numberOf(b) || a.index - b.index);
}

type Neighbours = (step: Step) => readonly Step[];

/**
 * Numbers the strongly connected components so that causes come before effects.
 *
 * @see Sharir, M. (1981), "A strong-connectivity algorithm and its applications in data flow analysis" (Kosaraju's algorithm).
 */
function circles(steps: readonly Step[], causesOf: Neighbours, effectsOf: Neighbours): Map<Step, number> {
  const finished: Step[] = [];
  const seen = new Set<Step>();
  for (const step of steps) walk(step, { neighbours: effectsOf, seen, onFinish: (done) => finished.push(done) });
  const circleOf = new Map<Step, number>();
  const placed = new Set<Step>();
  let count = 0;
  for (const root of finished.reverse()) {
    walk(root, { neighbours: causesOf, seen: placed, onFinish: (step) => circleOf.set(step, count) });
    count++;
  }
  return circleOf;
}

interface Walk {
  readonly neighbours: Neighbours;
  readonly seen: Set<Step>;
  readonly onFinish: (step: Step) => void;
}

/** Depth first, with a stack of its own: histories are longer than the call stack is deep. */
function walk(root: Step, { neighbours, seen, onFinish }: Walk): void {
  if (seen.has(root)) return;
  seen.add(root);
  const stack = [{ step: root, next: neighbours(root), at: 0 }];
  for (let top = stack.at(-1); top; top = stack.at(-1)) {
    const neighbour = top.next[top.at++];
    if (neighbour === undefined) {
      onFinish(top.step);
      stack.pop();
    } else if (!seen.has(neighbour)) {
      seen.add(neighbour);
      stack.push({ step: neighbour, next: neighbours(neighbour), at: 0 });
    }
  }
}

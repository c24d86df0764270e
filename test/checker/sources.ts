import { NOTHING } from './history.ts';
import type { Step } from './sessions.ts';
import type { WriteIndex } from './write-index.ts';

/**
 * Where a read has its value from: another transaction, its own (`own`), several that cannot be told apart, no write at all
 * (`initial`), or nowhere (`invented`). `later` is a value that its own transaction writes only afterwards.
 */
export type Source = Step | 'own' | 'several' | 'initial' | 'invented' | 'later';

/** The sources of a transaction's operations by their place; of a write, `own`. */
export function sourcesOf(step: Step, writes: WriteIndex): Source[] {
  const written = new Map<string, Set<number>>();
  return step.ops.map(({ o, k, v }) => {
    if (o === 'w') {
      const values = written.get(k) ?? new Set();
      written.set(k, values.add(v));
      return 'own';
    }
    if (v === NOTHING) return 'initial';
    const writer = writes.writer(k, v);
    if (writer !== step) return writer ?? 'invented';
    return written.get(k)?.has(v) ? 'own' : 'later';
  });
}

export function isStep(source: Source): source is Step {
  return typeof source === 'object';
}

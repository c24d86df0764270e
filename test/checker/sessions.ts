import type { Operation, Transaction } from './history.ts';
import { NOTHING } from './history.ts';

/** One transaction at its place in the session of its client. */
export interface Step {
  readonly client: number;
  /** Its place in the session, from 0. */
  readonly index: number;
  /** Its place in the file, from 0. */
  readonly position: number;
  readonly ops: readonly Operation[];
  /** What it leaves behind: the greatest value per key. */
  readonly writes: ReadonlyMap<string, number>;
}

export interface Sessions {
  readonly names: readonly string[];
  /** In the order of the file; transactions without operations are left out. */
  readonly steps: readonly Step[];
  readonly byClient: readonly (readonly Step[])[];
}

export function sessionsOf(txns: readonly Transaction[]): Sessions {
  const clients = new Map<string, number>();
  const byClient: Step[][] = [];
  const steps: Step[] = [];
  for (const [position, { c, ops }] of txns.entries()) {
    if (ops.length === 0) continue;
    const client = clients.get(c) ?? clients.size;
    clients.set(c, client);
    byClient[client] ??= [];
    const step = { client, index: byClient[client].length, position, ops, writes: writesOf(ops) };
    byClient[client].push(step);
    steps.push(step);
  }
  return { names: [...clients.keys()], steps, byClient };
}

function writesOf(ops: readonly Operation[]): Map<string, number> {
  const writes = new Map<string, number>();
  for (const { o, k, v } of ops) if (o === 'w') writes.set(k, Math.max(v, writes.get(k) ?? NOTHING));
  return writes;
}

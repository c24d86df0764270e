/** A small causally consistent store, to get histories that are valid by construction. */
import fc from 'fast-check';
import { type History, NOTHING, type Operation, type Transaction } from '../../checker/history.ts';

/** A transaction on its way to the replicas, with how many of each client's transactions it depends on. */
interface Sent {
  readonly client: number;
  readonly needs: readonly number[];
  readonly writes: readonly Operation[];
}

interface Replica {
  readonly values: Map<string, number>;
  /** How many transactions of each client were applied. */
  readonly applied: number[];
}

export type Event =
  | { readonly type: 'transact'; readonly client: number; readonly plan: readonly { o: 'w' | 'r'; k: string }[] }
  | { readonly type: 'deliver'; readonly client: number; readonly from: number };

export const KEYS = ['x', 'y', 'z'];

export function events(clientCount: number): fc.Arbitrary<Event[]> {
  const client = fc.nat(clientCount - 1);
  const plan = fc.array(fc.record({ o: fc.constantFrom('w' as const, 'r' as const), k: fc.constantFrom(...KEYS) }), {
    minLength: 1,
    maxLength: 4,
  });
  return fc.array(
    fc.oneof(
      fc.record({ type: fc.constant('transact' as const), client, plan }),
      fc.record({ type: fc.constant('deliver' as const), client, from: client }),
    ),
    { maxLength: 60 },
  );
}

/** Plays the events; at the end all is delivered, and every client reads everything. */
export function play(clientCount: number, list: readonly Event[]): History {
  const store = new Store(clientCount);
  for (const event of list) {
    if (event.type === 'transact') store.transact(event.client, event.plan);
    else store.deliver(event.client, event.from);
  }
  const all = KEYS.map((k) => ({ o: 'r' as const, k }));
  for (let client = 0; client < clientCount; client++) {
    store.deliverAll(client);
    store.transact(client, all);
  }
  return { id: 'played', txns: store.txns };
}

class Store {
  readonly txns: Transaction[] = [];
  readonly #replicas: Replica[];
  readonly #sent: Sent[][];
  #lastValue = 0;

  constructor(clientCount: number) {
    const clients = Array.from({ length: clientCount });
    this.#replicas = clients.map(() => ({ values: new Map(), applied: clients.map(() => 0) }));
    this.#sent = clients.map(() => []);
  }

  transact(client: number, plan: readonly { o: 'w' | 'r'; k: string }[]): void {
    const replica = this.#replica(client);
    const ops = plan.map(({ o, k }): Operation => {
      if (o === 'r') return { o, k, v: replica.values.get(k) ?? NOTHING };
      replica.values.set(k, ++this.#lastValue);
      return { o, k, v: this.#lastValue };
    });
    this.txns.push({ c: `client ${client}`, ops });
    this.#sent[client]?.push({ client, needs: [...replica.applied], writes: ops.filter(({ o }) => o === 'w') });
    replica.applied[client] = (replica.applied[client] ?? 0) + 1;
  }

  /** Applies the next transaction of another client as a whole, if all it depends on is there. */
  deliver(client: number, from: number): boolean {
    const replica = this.#replica(client);
    const next = this.#sent[from]?.[replica.applied[from] ?? 0];
    if (client === from || !next?.needs.every((count, i) => count <= (replica.applied[i] ?? 0))) return false;
    for (const { k, v } of next.writes) replica.values.set(k, Math.max(v, replica.values.get(k) ?? NOTHING));
    replica.applied[from] = (replica.applied[from] ?? 0) + 1;
    return true;
  }

  deliverAll(client: number): void {
    while (this.#sent.some((_, from) => this.deliver(client, from))) {
      // Each round may have made room for the next.
    }
  }

  #replica(client: number): Replica {
    const replica = this.#replicas[client];
    if (!replica) throw new Error(`There is no client ${client}.`);
    return replica;
  }
}

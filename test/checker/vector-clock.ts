/**
 * How many transactions of each client a transaction causally follows, itself included: the clients in ascending order, and a count for
 * each. Clients it knows nothing of are left out, so that thousands of them cost nothing.
 */
export interface VectorClock {
  readonly clients: Int32Array;
  readonly counts: Int32Array;
}

/** The greater count of each. */
export function joined(one: VectorClock, other: VectorClock): VectorClock {
  const most = one.clients.length + other.clients.length;
  const [clients, counts] = [new Int32Array(most), new Int32Array(most)];
  let length = 0;
  for (let a = 0, b = 0; a < one.clients.length || b < other.clients.length; length += 1) {
    const ofOne = one.clients[a] ?? Number.POSITIVE_INFINITY;
    const ofOther = other.clients[b] ?? Number.POSITIVE_INFINITY;
    const client = Math.min(ofOne, ofOther);
    const countOfOne = ofOne === client ? (one.counts[a++] ?? 0) : 0;
    const countOfOther = ofOther === client ? (other.counts[b++] ?? 0) : 0;
    clients[length] = client;
    counts[length] = Math.max(countOfOne, countOfOther);
  }
  return { clients: clients.slice(0, length), counts: counts.slice(0, length) };
}

/** The clock (null: of nothing) after this many transactions of the client. */
export function withOwn(clock: VectorClock | null, client: number, count: number): VectorClock {
  const own = { clients: Int32Array.of(client), counts: Int32Array.of(count) };
  return clock ? joined(clock, own) : own;
}

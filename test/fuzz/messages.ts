/** Messages as real clients send them to the server of `world.ts`, different in each case. */
import { makeHlc } from '../../src/core/hlc.ts';
import { encode, type WireMap, type WireValue } from '../../src/protocol/codec.ts';
import type { Random } from './random.ts';

/** What the server told, for messages that go on from there. */
export interface Known {
  epoch: string;
  head: number;
  /** Continuations of pulls, a few of the latest. */
  readonly resumes: string[];
}

export const paths = ['/v1/handshake', '/v1/push', '/v1/pull', '/v1/devices'] as const;
export type Path = (typeof paths)[number];

export function requestTo(path: Path, random: Random, known: Known): WireMap {
  switch (path) {
    case '/v1/handshake':
      return handshake(random);
    case '/v1/push':
      return push(random, known);
    case '/v1/pull':
      return pull(random, known);
    case '/v1/devices':
      return devices(random);
  }
}

export function frame(random: Random, known: Known): WireMap {
  const kind = random.below(10);
  if (kind === 0) return { type: 'hello', token: null, handshake: handshake(random) };
  if (kind < 3) return { type: 'subscribe', cursor: { epoch: known.epoch, seq: known.head }, scopes: ['main'] };
  if (kind < 4) return { type: 'ping', at: random.below(1e9) };
  return { type: 'push', requestId: random.below(1000), request: push(random, known) };
}

export function handshake(random: Random): WireMap {
  const device = random.chance(0.5) ? { deviceName: 'phone' } : {};
  return { protocol: 1, schemaVersion: 1, clientId: client(random), capabilities: ['realtime', 'parts'], ...device };
}

function client(random: Random): string {
  return `c${random.below(4)}`;
}

function pull(random: Random, { epoch, head, resumes }: Known): WireMap {
  const cursor = random.chance(0.3) ? null : { epoch, seq: random.below(head + 1) };
  const resume = resumes.length > 0 && random.chance(0.3) ? random.pick(resumes) : null;
  const more = random.chance(0.2) ? { snapshotTables: ['issue'] } : {};
  return { clientId: client(random), schemaVersion: 1, cursor, scopes: ['*'], resume, maxBytes: 4000, ...more };
}

function devices(random: Random): WireMap {
  const clientId = client(random);
  // Revoking is left to chance: it would end a client for the rest of the run.
  return random.chance(0.5) ? { clientId } : { clientId, rename: { name: 'laptop' } };
}

function push(random: Random, known: Known): WireMap {
  const clientId = client(random);
  const decides = random.chance(0.2) ? ['issue'] : [];
  const envelope = { clientId, schemaVersion: 1, decides };
  if (random.chance(0.15)) return { ...envelope, mutations: [], part: part(random, known) };
  return { ...envelope, mutations: Array.from({ length: 1 + random.below(3) }, () => mutation(random, known)) };
}

function part(random: Random, known: Known): WireMap {
  const bytes = encode(mutation(random, known));
  const middle = bytes.length >> 1;
  const index = random.below(2);
  const piece = index === 0 ? bytes.slice(0, middle) : bytes.slice(middle);
  return { mutationId: 1 + random.below(2 ** 31), index, count: 2, bytes: piece };
}

function mutation(random: Random, known: Known): WireMap {
  const mutationId = 1 + random.below(2 ** 31);
  const hlc = makeHlc(1_760_000_000_000 + random.below(2 ** 31), random.below(100));
  const changes = Array.from({ length: 1 + random.below(3) }, () => change(random));
  return { mutationId, hlc, base: random.below(known.head + 1), changes };
}

function change(random: Random): WireMap {
  const op = random.pick(['put', 'put', 'patch', 'delete'] as const);
  const make = random.pick([issue, kinds, pair]);
  const { table, key, columns } = make(random);
  if (op === 'delete') return { table, key, op, columns: {}, ...old(random, columns) };
  const counters = table === 'issue' && random.chance(0.4) ? { counters: { votes: 1 + random.below(5) } } : {};
  const set = op === 'put' ? columns : Object.fromEntries(Object.entries(columns).slice(0, 2));
  return { table, key, op, columns: set, ...counters, ...old(random, set) };
}

function old(random: Random, columns: WireMap): WireMap {
  return random.chance(0.3) ? { old: columns } : {};
}

interface Row {
  readonly table: string;
  readonly key: WireValue[];
  readonly columns: WireMap;
}

function issue(random: Random): Row {
  const columns = { title: `Title ${random.below(100)}`, note: random.chance(0.3) ? null : 'a note', votes: 0 };
  return { table: 'issue', key: [`i${random.below(30)}`], columns };
}

function kinds(random: Random): Row {
  const columns = {
    uuid: '0f0e0d0c-0b0a-4908-8706-050403020100',
    whole: random.below(1000),
    big: 2n ** 62n,
    real: random.next(),
    flag: random.below(2),
    at: '2025-11-21T10:00:00.000Z',
    day: '2025-11-21',
    json: '{"a":[1,2]}',
    blob: Uint8Array.of(1, 2, 3),
    decimal: '12.50',
  };
  return { table: 'kinds', key: [`k${random.below(30)}`], columns };
}

function pair(random: Random): Row {
  const columns = { project: random.chance(0.5) ? null : `p${random.below(3)}` };
  return { table: 'pair', key: [random.below(10), Uint8Array.of(random.below(4))], columns };
}

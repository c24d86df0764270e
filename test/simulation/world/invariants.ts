import { unpackChanges } from '../../../src/client/store/pack.ts';
import type { Table } from '../../../src/core/schema.ts';
import { type Cell, keyText } from '../../../src/shared/cell.ts';
import type { Client } from './client.ts';
import { LogModel } from './log-model.ts';
import { show } from './show.ts';
import { type PromiseName, Violation } from './violation.ts';
import type { World } from './world.ts';

type Rows = readonly (readonly Cell[])[];

/** What holds at every moment on every device, whatever has just been lost or has crashed. */
export function checkClient(world: World, client: Client): void {
  const { disk, name } = client;
  if (disk.inTransaction || !client.read("SELECT 1 FROM sqlite_schema WHERE name = 'entry'").length) return;
  // It is being wiped, and its person knows.
  if (client.switching) return;
  const entries = new Map(client.read('SELECT id, amount FROM entry').map(([id, amount]) => [String(id), amount]));
  checkTotals(client, name);
  checkPairs(client.read.bind(client), name);
  checkOwn(world, client, entries);
  checkSeen(world, client, entries);
  if (world.restoreCount === 0) checkReg(world, client);
  client.checkPages();
  if (world.restoreCount === 0 && !world.plan.faults.has('client cloned')) client.own.check(client, world.ledger);
  checkPrefix(world, client);
}

function checkTotals(client: Client, name: string): void {
  const wrong = client.read(
    `SELECT t.id, t.total, (SELECT coalesce(sum(amount), 0) FROM entry WHERE tally = t.id) AS s FROM tally t WHERE t.total IS NOT s`,
  );
  if (wrong.length > 0) throw new Violation('C4', `${name}: total and sum of entries differ: ${show(wrong)}.`);
  const lost = client.read('SELECT id FROM entry WHERE tally NOT IN (SELECT id FROM tally)');
  if (lost.length > 0) throw new Violation('C4', `${name}: entries without their tally: ${show(lost)}.`);
}

function checkPairs(read: (sql: string) => Rows, name: string): void {
  const torn = read(
    `SELECT coalesce(l.id, r.id), l.nonce, r.nonce FROM left_half l FULL JOIN right_half r ON r.id = l.id WHERE l.nonce IS NOT r.nonce`,
  );
  if (torn.length > 0) throw new Violation('C4', `${name}: half a transaction: ${show(torn)}.`);
}

/** Read your writes; across crashes, local durability. */
function checkOwn(world: World, client: Client, entries: ReadonlyMap<string, Cell | undefined>): void {
  for (const [id, { isAcknowledged }] of client.entries) {
    if (!isAcknowledged || entries.has(id) || world.mayBeLost.has(id)) continue;
    if (world.restoreCount > 0) noteRefused(world, client);
    if (world.mayBeLost.has(id)) continue;
    const promise = client.crashCount > 0 ? 'C1' : 'C5';
    throw new Violation(promise, `${client.name}: its acknowledged write ${id} is gone. ${show(outboxOf(client))}`);
  }
}

/** A restored server refuses to change rows that it never had, and rightly so. */
function noteRefused({ mayBeLost }: World, client: Client): void {
  for (const { state, reason, changes } of client.state.outbox ?? []) {
    if (state !== 'rejected' || reason?.code !== 'not-found') continue;
    for (const { table, key } of changes) if (table === 'entry') mayBeLost.add(String(key[0]));
  }
}

/** Monotonic reads: entries are never deleted. Its own may be undone only where they were never acknowledged. */
function checkSeen(world: World, client: Client, entries: ReadonlyMap<string, Cell | undefined>): void {
  for (const id of client.seenEntries) {
    if (entries.has(id) || world.mayBeLost.has(id)) continue;
    throw new Violation('C5', `${client.name}: it has seen ${id}, and sees it no more.`);
  }
  for (const id of entries.keys()) if (!client.entries.has(id)) client.seenEntries.add(id);
}

function checkReg({ clients }: World, client: Client): void {
  for (const [id, n] of client.look(authorsOf(clients))) {
    const seen = client.seenReg.get(id) ?? 0;
    if (n < seen) throw new Violation('C5', `${client.name}: the count of ${id} fell from ${seen} to ${n}.`);
    client.seenReg.set(id, n);
  }
}

interface Checked {
  readonly model: LogModel;
  readonly generation: number;
  /** Where the device stood, and with what unsent: what it holds changes with that only. */
  readonly at: string;
}

const checkedOf = new WeakMap<Client, Checked>();

/** Whatever is not under unsent work is what the log says at the device's cursor of its scopes, no more and no less (C6). */
function checkPrefix(world: World, client: Client): void {
  const [tab] = client.tabs;
  const meta = new Map(client.read('SELECT name, value FROM _tidemark_meta').map(([name, value]) => [name, value]));
  const seq = Number(meta.get('seq') ?? 0);
  const { generation, commits } = world.ledger;
  // Of a history that is gone, or is just going.
  if (!tab || seq === 0 || meta.get('epoch') !== world.server.current?.service.stats().epoch) return;
  const unsent = client.read('SELECT position, state, is_echoed, changes FROM _tidemark_outbox');
  const at = `${seq} ${meta.get('scopes')} ${unsent.map(([position, state]) => `${position}${state}`)}`;
  const known = checkedOf.get(client);
  if (known?.at === at && known.generation === generation) return;
  const canGoOn = known?.generation === generation && known.model.seq <= seq;
  const model = canGoOn ? known.model : new LogModel(commits);
  model.moveTo(seq);
  checkedOf.set(client, { model, generation, at });
  const held: string[] = JSON.parse(String(meta.get('scopes') ?? '[]'));
  const scopes = held.includes('*') ? null : new Set(held);
  const covered = new Set(unsent.flatMap(([, , , changes]) => unpackChanges(changes).map(rowName)));
  for (const table of Object.values(tab.schema.tables)) {
    const names = Object.keys(table.columns).map((name) => `"${name}"`);
    const keyOf = (row: readonly Cell[]) => row.slice(0, table.primaryKey.length);
    const isFree = (row: readonly Cell[]) => !covered.has(rowName({ table: table.name, key: keyOf(row) }));
    const rows = client.read(`SELECT ${names.join(', ')} FROM ${table.name}`).filter(isFree);
    const found = rows.map(show).sort();
    const expected = [...model.rows(table, scopes).values()].filter(isFree).map(show).sort();
    if (found.join() === expected.join()) continue;
    const missing = expected.filter((row) => !found.includes(row));
    const extra = found.filter((row) => !expected.includes(row));
    throw new Violation(
      brokenBy({ model, table, rows, scopes }),
      `${client.name}: ${table.name} is not what it was at seq ${seq}. Missing ${missing.slice(0, 3)}; too much ${extra.slice(0, 3)}.`,
    );
  }
}

/** By what the device holds in the place of the rows of that seq. */
function brokenBy(held: {
  readonly model: LogModel;
  readonly table: Table;
  readonly rows: Rows;
  readonly scopes: ReadonlySet<string> | null;
}): PromiseName {
  const { model, table, rows, scopes } = held;
  const keyOf = (row: readonly Cell[]) => row.slice(0, table.primaryKey.length);
  const isAstray = (row: readonly Cell[]) => {
    const scope = model.scopeOf(table.name, keyOf(row));
    return scopes !== null && scope !== undefined && !scopes.has(scope);
  };
  if (rows.some(isAstray)) return 'C12';
  const isInvented = (row: readonly Cell[]) => row.some((cell, at) => !model.hasBeen(table, keyOf(row), at, cell));
  return rows.some(isInvented) ? 'C15' : 'C6';
}

const rowName = ({ table, key }: { readonly table: string; readonly key: readonly Cell[] }) =>
  `${table} ${keyText(key)}`;

export const authorsOf = (clients: readonly Client[]): string[] => [
  ...new Set(clients.flatMap(({ authors }) => [...authors])),
];

export function outboxOf(client: Client): { mutationId: number; state: string; tables: readonly string[] }[] {
  return [...(client.state.outbox ?? [])];
}

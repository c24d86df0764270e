import type { Cell } from '../../../src/shared/cell.ts';
import { checkHistory } from '../../checker/check-history.ts';
import type { Client } from './client.ts';
import { TABLES } from './schema.ts';
import { Violation } from './violation.ts';
import type { World } from './world.ts';

type Rows = readonly (readonly Cell[])[];

/** What holds at every moment on every device, whatever has just been lost or has crashed. */
export function checkClient(world: World, client: Client): void {
  const { options, name } = client;
  if (options.disk.inTransaction || !client.read("SELECT 1 FROM sqlite_schema WHERE name = 'entry'").length) return;
  const entries = new Map(client.read('SELECT id, amount FROM entry').map(([id, amount]) => [String(id), amount]));
  checkTotals(client, name);
  checkPairs(client.read.bind(client), name);
  checkOwn(world, client, entries);
  checkSeen(world, client, entries);
  if (world.restoreCount === 0) checkReg(world, client);
  if (options.user === 'ben') checkSecret(client);
  if (client.program) client.checkLive();
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
    const promise = client.crashCount > 0 ? 'C1' : 'C5';
    throw new Violation(promise, `${client.name}: its acknowledged write ${id} is gone. ${show(outboxOf(client))}`);
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
  for (const [id, n] of client.look(clients.map(({ name }) => name))) {
    const seen = client.seenReg.get(id) ?? 0;
    if (n < seen) throw new Violation('C5', `${client.name}: the count of ${id} fell from ${seen} to ${n}.`);
    client.seenReg.set(id, n);
  }
}

/** Ben never wrote there, and may not look there. */
function checkSecret(client: Client): void {
  const leaked = client.read("SELECT id FROM list WHERE owner = 'o2'");
  if (leaked.length > 0) throw new Violation('C12', `${client.name} sees rows outside its access: ${show(leaked)}.`);
}

/** With a healed network and no further input. */
export async function checkSettled(world: World): Promise<void> {
  const { server, clients } = world;
  const entries = new Map((await server.rows('entry', null)).map((row) => [String(row[0]), row]));
  await checkServerTotals(world);
  for (const client of clients) {
    const missing = [...client.entries].filter(
      ([id, { isAcknowledged }]) => isAcknowledged && !entries.has(id) && !world.mayBeLost.has(id),
    );
    const parked = outboxOf(client).filter(({ tables }) => tables.includes('entry'));
    if (parked.length > 0 && world.restoreCount === 0) {
      throw new Violation('C3', `${client.name}: writes that nothing is wrong with are ${parked[0]?.state}.`);
    }
    if (missing.length > 0 && parked.length === 0) {
      throw new Violation(world.plan.needsFile ? 'C2' : 'C1', `${client.name}: lost ${missing.map(([id]) => id)}.`);
    }
    if (outboxOf(client).length > 0) continue;
    for (const table of TABLES) await checkTable(world, client, table);
  }
}

/** Each transaction counts once in the server's rows. */
export async function checkServerTotals({ server, clients }: World): Promise<void> {
  const entries = new Map((await server.rows('entry', null)).map((row) => [String(row[0]), row]));
  const sums = new Map<string, number>();
  for (const [id, [, author, tally, amount]] of entries) {
    sums.set(String(tally), (sums.get(String(tally)) ?? 0) + Number(amount));
    const written = clients.find(({ name }) => name === author)?.entries.get(id);
    if (written && written.amount === amount && written.tally === tally) continue;
    throw new Violation('C15', `the server has ${show([author, tally, amount])} for ${id}.`);
  }
  for (const [id, total] of await server.rows('tally', null)) {
    const sum = sums.get(String(id)) ?? 0;
    if (total !== sum) throw new Violation('C3', `the server counts ${total} in ${id}; the entries add up to ${sum}.`);
  }
}

async function checkTable(world: World, client: Client, table: string): Promise<void> {
  const scopes = client.options.user === 'ana' ? null : world.bensScopes;
  const expected = sorted(await world.server.rows(table, scopes));
  const found = sorted(client.read(`SELECT * FROM ${table}`));
  if (expected.join('\n') === found.join('\n')) return;
  const missing = expected.filter((row) => !found.includes(row));
  const extra = found.filter((row) => !expected.includes(row));
  const isLeak = client.options.user === 'ben' && missing.length === 0;
  throw new Violation(
    isLeak ? 'C12' : 'C7',
    `${client.name}: ${table} differs from the server's. Missing ${missing.slice(0, 3)}; too much ${extra.slice(0, 3)}.`,
  );
}

/** What every device wrote and read fits one causal order. */
export function checkCausality({ seed, clients, restoreCount }: World): void {
  if (restoreCount > 0) return;
  const { valid, details } = checkHistory({ id: seed, txns: clients.flatMap(({ causal }) => causal) });
  if (!valid) throw new Violation('C5', `not causal: ${show(details[0])}`);
}

/** Everything that can have an outcome has one: what is left waits for a person, or behind what does. */
export function checkProgress({ clients }: World): void {
  for (const client of clients) {
    const stuck = outboxOf(client).filter(({ state }) => !['rejected', 'conflicted', 'parked'].includes(state));
    const { status } = client.state;
    if (stuck.length > 0) {
      throw new Violation(
        'C9',
        `${client.name}: ${stuck.length} mutations wait; the first is ${stuck[0]?.state}; ${status?.phase} ${status?.error?.message ?? ''}`,
      );
    }
    if (status?.phase !== 'synced' && status?.phase !== 'blocked') {
      throw new Violation('C9', `${client.name}: still ${status?.phase}: ${status?.error?.message ?? ''}`);
    }
  }
}

export function outboxOf(client: Client): { mutationId: number; state: string; tables: readonly string[] }[] {
  return [...(client.state.outbox ?? [])];
}

function sorted(rows: Rows): string[] {
  return rows.map((row) => show(row)).sort();
}

function show(value: unknown): string {
  return JSON.stringify(value, (_key, part) => {
    if (typeof part === 'bigint') return `${part}n`;
    return part instanceof Uint8Array ? [...part].join('.') : Object.is(part, -0) ? '-0' : part;
  });
}

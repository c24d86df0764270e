import type { Cell } from '../../../src/shared/cell.ts';
import type { Client } from './client.ts';
import { LogModel } from './log-model.ts';
import { show } from './show.ts';
import { Violation } from './violation.ts';
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
  if (client.user === 'ben') checkSecret(client);
  client.checkLive();
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

/** What he may not read; his own attempt to write there shows until it is refused. */
function checkSecret(client: Client): void {
  if (outboxOf(client).length > 0 || client.read('SELECT 1 FROM _tidemark_outbox LIMIT 1').length > 0) return;
  const leaked = client.read("SELECT id FROM list WHERE owner = 'o2'");
  if (leaked.length > 0) throw new Violation('C12', `${client.name} sees rows outside its access: ${show(leaked)}.`);
}

const modelOf = new WeakMap<Client, LogModel>();

/** What a device without unsent work holds is what the log says at its cursor, no more and no less. */
function checkPrefix(world: World, client: Client): void {
  const [tab] = client.tabs;
  if (!tab || client.user !== 'ana' || world.plan.faults.has('restore from a copy')) return;
  if (client.read('SELECT 1 FROM _tidemark_outbox LIMIT 1').length > 0) return;
  const seq = Number(client.read("SELECT value FROM _tidemark_meta WHERE name = 'seq'")[0]?.[0] ?? 0);
  const known = modelOf.get(client);
  if (seq === 0 || known?.seq === seq) return;
  const model = known && known.seq < seq ? known : new LogModel(world.ledger.commits);
  model.moveTo(seq);
  modelOf.set(client, model);
  for (const table of Object.values(tab.schema.tables)) {
    const names = Object.keys(table.columns).map((name) => `"${name}"`);
    const found = client
      .read(`SELECT ${names.join(', ')} FROM ${table.name}`)
      .map(show)
      .sort();
    const expected = model.rows(table).map(show).sort();
    if (found.join() === expected.join()) continue;
    const missing = expected.filter((row) => !found.includes(row));
    const extra = found.filter((row) => !expected.includes(row));
    throw new Violation(
      'C6',
      `${client.name}: ${table.name} is not what it was at seq ${seq}. Missing ${missing.slice(0, 3)}; too much ${extra.slice(0, 3)}.`,
    );
  }
}

export const authorsOf = (clients: readonly Client[]): string[] => [
  ...new Set(clients.flatMap(({ authors }) => [...authors])),
];

export function outboxOf(client: Client): { mutationId: number; state: string; tables: readonly string[] }[] {
  return [...(client.state.outbox ?? [])];
}

import type { ConflictRecord } from '../../../src/client/store/conflict-records.ts';
import { unpack } from '../../../src/client/store/pack.ts';
import { openMemoryDatabase } from '../../../src/storage/sqlite-wasm/memory.ts';
import { checkHistory } from '../../checker/check-history.ts';
import { OWNERS } from './access.ts';
import type { Client } from './client.ts';
import { checkMeetings } from './conflict-oracle.ts';
import { outboxOf } from './invariants.ts';
import { LogModel } from './log-model.ts';
import { replay } from './replay.ts';
import { schemas } from './schema.ts';
import { show } from './show.ts';
import { Violation } from './violation.ts';
import type { World } from './world.ts';

type Rows = readonly (readonly unknown[])[];

const tablesOf = ({ server }: World): string[] => Object.keys((server.current?.schema ?? schemas[0]).tables);

/** With a healed network and no further input. */
export async function checkSettled(world: World): Promise<void> {
  const { server, clients } = world;
  const entries = new Map((await server.rows('entry', null)).map((row) => [String(row[0]), row]));
  await checkServerTotals(world);
  const isParked = clients.some((client) => outboxOf(client).some(({ tables }) => tables.includes('entry')));
  const missing = [...world.written].filter(
    ([id, { isAcknowledged }]) => isAcknowledged && !entries.has(id) && !world.mayBeLost.has(id),
  );
  if (missing.length > 0 && !isParked) {
    throw new Violation(world.plan.needsFile ? 'C2' : 'C1', `lost ${missing.map(([id]) => id)}.`);
  }
  for (const client of clients) {
    const parked = outboxOf(client).filter(({ tables }) => tables.includes('entry'));
    if (parked.length > 0 && world.restoreCount === 0) {
      throw new Violation('C3', `${client.name}: writes that nothing is wrong with are ${parked[0]?.state}.`);
    }
    if (outboxOf(client).length > 0) continue;
    for (const table of tablesOf(world)) await checkTable(world, client, table);
  }
}

/** Each transaction counts once in the server's rows. */
export async function checkServerTotals({ server, written: all }: World): Promise<void> {
  const entries = new Map((await server.rows('entry', null)).map((row) => [String(row[0]), row]));
  const sums = new Map<string, number>();
  for (const [id, [, author, tally, amount]] of entries) {
    sums.set(String(tally), (sums.get(String(tally)) ?? 0) + Number(amount));
    const written = all.get(id);
    if (written && written.author === author && written.amount === amount && written.tally === tally) continue;
    throw new Violation('C15', `the server has ${show([author, tally, amount])} for ${id}.`);
  }
  for (const [id, total] of await server.rows('tally', null)) {
    const sum = sums.get(String(id)) ?? 0;
    if (total !== sum) throw new Violation('C3', `the server counts ${total} in ${id}; the entries add up to ${sum}.`);
  }
}

async function checkTable(world: World, client: Client, table: string): Promise<void> {
  const scopes = world.access.readable(client.user);
  const expected = sorted(await world.server.rows(table, scopes));
  const found = sorted(client.read(`SELECT * FROM ${table}`));
  if (expected.join('\n') === found.join('\n')) return;
  const missing = expected.filter((row) => !found.includes(row));
  const extra = found.filter((row) => !expected.includes(row));
  const isLeak = client.user === 'ben' && missing.length === 0;
  throw new Violation(
    isLeak ? 'C12' : 'C7',
    `${client.name}: ${table} differs from the server's. Missing ${missing.slice(0, 3)}; too much ${extra.slice(0, 3)}.`,
  );
}

/** What every device wrote and read fits one causal order. */
export function checkCausality({ seed, clients, ledger, mayBeLost, powerCutCount, restoreCount }: World): void {
  if (mayBeLost.size + powerCutCount + restoreCount > 0) return;
  for (const client of clients) {
    for (const author of client.authors) client.noteOwn(author, ledger.regCounts.get(author) ?? 0);
  }
  const { details } = checkHistory({ id: seed, txns: clients.flatMap(({ causal }) => causal) });
  // Who has left does not look any more: the last that they saw is no closing read.
  const hasLeft = clients.some(({ authors }) => authors.size > 1);
  const found = details.find(({ name }) => !hasLeft || (name !== 'convergence' && name !== 'lost-update'));
  if (found) throw new Violation('C5', `not causal: ${show(found)}`);
}

/** Everything that can have an outcome has one: what is left waits for a person, or behind what does. */
export function checkProgress({ clients }: World): void {
  for (const client of clients) {
    if (client.switching) throw new Violation('C9', `${client.name}: a wipe does not end.`);
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

/** Each receipt has settled by now, and whoever was told that a write is on the server was told the truth (C3, C9). */
export function checkReceipts({ clients, ledger, plan, powerCutCount }: World): void {
  const isUncertain = ['restore from a copy', 'client cloned', 'account switch'].some((name) => plan.faults.has(name));
  for (const client of clients) {
    for (const { sessionId, receipts } of client.tabs) {
      const [open] = receipts.unsettled;
      if (open !== undefined) throw new Violation('C9', `${sessionId} was never told what became of mutation ${open}.`);
      if (isUncertain || powerCutCount > 0) continue;
      const untrue = receipts.applied.find((id) => !ledger.decided(client.deviceId, id)?.isApplied);
      if (untrue !== undefined) throw new Violation('C3', `${sessionId} was told that mutation ${untrue} is applied.`);
    }
  }
}

/** The rows of the server are what its log says. */
export async function checkLog({ server, ledger }: World): Promise<void> {
  const model = new LogModel(ledger.commits);
  model.moveTo(Number.MAX_SAFE_INTEGER);
  for (const table of Object.values((server.current?.schema ?? schemas[0]).tables)) {
    const stored = sorted(await server.rows(table.name, null));
    const logged = sorted([...model.rows(table).values()]);
    if (stored.join() === logged.join()) continue;
    throw new Violation(
      'C2',
      `the server's ${table.name} is not what was committed: lacks ${logged.filter((row) => !stored.includes(row)).slice(0, 3)}; too much ${stored.filter((row) => !logged.includes(row)).slice(0, 3)}.`,
    );
  }
}

/** The rows below a row are where it is: who may not see the one may not see the others. Those of a row that is gone stay where they were. */
export async function checkScopes({ server }: World): Promise<void> {
  const places = new Map((await server.rows('list', null)).map(([id, _name, owner]) => [id, String(owner)]));
  for (const owner of OWNERS) {
    const strays = (await server.rows('item', [`owner:${owner}`])).filter(([list = null]) => {
      const place = places.get(list);
      return place !== undefined && place !== owner;
    });
    if (strays.length > 0) throw new Violation('C12', `items of ${owner} whose lists are elsewhere: ${show(strays)}.`);
  }
}

/** Each database that is written to is one device: a copy that was only looked at may pass for its original. */
export function checkIdentities({ clients, restoreCount }: World): void {
  // A restored server does not know of the one's work any more when the other's comes.
  if (restoreCount > 0) return;
  const owners = new Map<string, string>();
  for (const client of clients) {
    const writes = [...client.entries.values()].slice(client.lonelyUntil);
    if (!writes.some(({ isAcknowledged }) => isAcknowledged)) continue;
    const id = client.deviceId;
    const other = owners.get(id);
    if (other) throw new Violation('C11', `${other} and ${client.name} are both device ${id}.`);
    owners.set(id, client.name);
  }
}

/** Each conflict that the server told of is on record at its author, once, with both values. */
export function checkConflicts({ clients, ledger, plan, powerCutCount }: World): void {
  const isUncertain = ['restore from a copy', 'client cloned'].some((name) => plan.faults.has(name));
  if (isUncertain || powerCutCount > 0) return;
  for (const client of clients) {
    const rows = client.read('SELECT mutation_id, tbl, count(*) FROM _tidemark_conflict GROUP BY 1, 2');
    const recorded = new Map(rows.map(([id, table, count]) => [`${id} ${table}`, Number(count)]));
    for (const [name, { told, local }] of ledger.conflictsOf(client.deviceId)) {
      const found = recorded.get(name) ?? 0;
      if (found !== told)
        throw new Violation('C8', `${client.name}: ${told} conflicts of ${name} were told, ${found} are on record.`);
      checkReadable(client, name, local);
    }
    checkSides(client, ledger);
  }
}

/**
 * The rows of a conflict follow from the log and the mutation alone, whatever the device had pulled when it was told: where the change
 * left a column alone, both sides have what the server has of it, or had when it was deleted.
 */
function checkSides(client: Client, ledger: World['ledger']): void {
  for (const [body] of client.read('SELECT body FROM _tidemark_conflict')) {
    const { mutationId, table, key, base, local } = unpack<ConflictRecord>(body);
    const met = ledger.meeting(client.deviceId, mutationId, { table, key });
    const row = met?.report.remote ?? met?.report.image;
    if (!met || !row) continue;
    const { columns, counters = {}, old = {} } = met.change;
    for (const [side, cells] of Object.entries({ base, local })) {
      const strays = Object.entries(cells ?? {}).filter(([name, cell]) => {
        const isTouched = name in columns || name in counters || name in old;
        return !isTouched && name in row && show(cell) !== show(row[name]);
      });
      if (strays.length === 0) continue;
      const what = `${table} ${show(key)} in the conflict of mutation ${mutationId}`;
      throw new Violation('C8', `${client.name}: ${side} of ${what} has ${show(strays)}; the server had ${show(row)}.`);
    }
  }
}

/** The losing value stays readable. */
function checkReadable(client: Client, name: string, local: ReadonlyMap<string, unknown>): void {
  for (const { mutationId, table, kind, fields } of client.state.conflicts ?? []) {
    if (`${mutationId} ${table}` !== name || kind !== 'update-update') continue;
    for (const [column, value] of Object.entries(fields)) {
      const isLost = value.local === undefined || value.remote === undefined;
      const written = local.get(column);
      if (!isLost && (typeof written !== 'string' || local.size > 2 || written === value.local)) continue;
      throw new Violation('C8', `${client.name}: of the conflict of ${name}, ${column} is kept as ${show(value)}.`);
    }
  }
}

/** The same log, cut otherwise, leads to the same (C8). */
export async function checkReplay({ ledger, server, plan, access }: World, batch: number): Promise<void> {
  // What a restored server had not seen counts for its heads anew, request by request.
  const changesRules = ['restore from a copy', 'access', 'retention', 'offline past retention', 'schema bump'];
  if (changesRules.some((name) => plan.faults.has(name))) return;
  const deeds = ledger.deeds();
  if (!deeds) return;
  await replay({ deeds, server, access: (user) => access.of(user), batch });
}

/** Every meeting of two writes is told of, and decided as the schema says (C8). */
export function checkDecisions({ ledger, plan }: World): void {
  const deeds = ledger.deeds();
  const isRemembered = !['retention', 'offline past retention'].some((name) => plan.faults.has(name));
  if (deeds) checkMeetings({ schema: schemas[1], deeds, commits: ledger.commits, isRemembered });
}

/** A device that comes last sees what all others see. */
export async function checkNewcomer(world: World, user: string): Promise<void> {
  const newcomer = world.newcomer(user, await openMemoryDatabase());
  newcomer.schemaVersion = world.server.schemaVersion;
  newcomer.start();
  await world.clock.advance(3_000);
  for (const table of tablesOf(world)) await checkTable(world, newcomer, table);
}

function sorted(rows: Rows): string[] {
  return rows.map(show).sort();
}

import type { Campaign } from './campaign.ts';
import { pickTable, putUnder } from './campaign.ts';
import { PARENT, type Row, type User } from './tenants.ts';

/** What tenants do all day. Each holds what comes of it against what is true. */
export const honest: Readonly<Record<string, (campaign: Campaign, user: User) => Promise<void>>> = {
  insert,
  edit,
  move,
  remove,
  pullAll,
  revive,
  membership,
};

const isDone = (outcome: { outcome: string }) => outcome.outcome === 'applied' || outcome.outcome === 'merged';

async function insert(campaign: Campaign, user: User): Promise<void> {
  const { tenants, random } = campaign;
  const of = pickTable(random);
  const parents = tenants.workedOn(user).filter((row) => row.table === PARENT[of]);
  if (parents.length === 0) return;
  const parent = random.pick(parents);
  const [idMark, textMark] = [tenants.mark([]), tenants.mark([])];
  const id = `${of}-${idMark.word}`;
  const org = tenants.placeFor(user, of, parent.id);
  // Before the answer: it goes out to others first.
  if (org !== null) for (const mark of [idMark, textMark, user.device]) mark.orgs.add(org);
  const outcome = await campaign.push(user, [putUnder(of, id, parent.id, textMark.word)]);
  if (isDone(outcome) !== (org !== null)) campaign.leak(user, `an insert into ${parent.org} is ${outcome.outcome}`);
  if (org !== null) tenants.add({ table: of, id, idMark, textMark, parent: parent.id, org }, user);
}

function ownRow({ tenants, random }: Campaign, user: User): Row | null {
  const rows = tenants.workedOn(user).filter((row) => row.table !== 'org');
  return rows.length > 0 ? random.pick(rows) : null;
}

async function edit(campaign: Campaign, user: User): Promise<void> {
  const { tenants, random } = campaign;
  const row = ownRow(campaign, user);
  if (!row) return;
  const mayWrite = tenants.canWrite(user, row.org);
  const textMark = tenants.mark(mayWrite ? [row.org] : []);
  if (mayWrite) user.device.orgs.add(row.org);
  const counters: Record<string, number> = row.table === 'issue' && random.chance(0.5) ? { votes: 1 } : {};
  const change = { table: row.table, key: [row.id], op: 'patch' as const, columns: { text: textMark.word }, counters };
  const outcome = await campaign.push(user, [change]);
  if (isDone(outcome) !== mayWrite) campaign.leak(user, `an edit in ${row.org} is ${outcome.outcome}`);
  if (mayWrite) {
    row.textMark = textMark;
    row.authors.add(user.device);
  }
}

async function move(campaign: Campaign, user: User): Promise<void> {
  const { tenants, random } = campaign;
  const row = ownRow(campaign, user);
  if (!row || row.table === 'org') return;
  const parents = tenants.workedOn(user).filter((one) => one.table === PARENT[row.table as 'project']);
  if (parents.length === 0) return;
  const parent = random.pick(parents);
  const org = tenants.canWrite(user, row.org) ? tenants.placeFor(user, row.table, parent.id) : null;
  const before = row.org;
  if (org !== null) {
    user.device.orgs.add(before).add(org);
    row.parent = parent.id;
    row.authors.add(user.device);
    if (org !== before) tenants.move(user, row, org);
  }
  const outcome = await campaign.push(user, [
    { table: row.table, key: [row.id], op: 'patch', columns: { parent: parent.id } },
  ]);
  if (isDone(outcome) !== (org !== null)) campaign.leak(user, `a move to ${parent.org} is ${outcome.outcome}`);
}

async function remove(campaign: Campaign, user: User): Promise<void> {
  const row = ownRow(campaign, user);
  if (!row || !campaign.random.chance(0.5)) return;
  const mayWrite = campaign.tenants.canWrite(user, row.org);
  if (mayWrite) {
    row.isAlive = false;
    row.authors.add(user.device);
    user.device.orgs.add(row.org);
  }
  const outcome = await campaign.push(user, [{ table: row.table, key: [row.id], op: 'delete', columns: {} }]);
  if (isDone(outcome) !== mayWrite) campaign.leak(user, `a delete in ${row.org} is ${outcome.outcome}`);
}

/** Makes a deleted row anew: one's own, or somebody else's whose id came to be known. */
async function revive(campaign: Campaign, user: User): Promise<void> {
  const { tenants, random } = campaign;
  const dead = tenants.rowsWhere((row) => !row.isAlive);
  if (dead.length === 0) return;
  const row = random.pick(dead);
  const of = row.table as 'project';
  const parents = tenants.workedOn(user).filter((one) => one.table === PARENT[of]);
  if (parents.length === 0) return;
  const parent = random.pick(parents);
  const place = tenants.placeFor(user, of, parent.id);
  const org = place !== null && tenants.isHeld(user, row, place) ? null : place;
  const textMark = tenants.mark(org === null ? [] : [org]);
  if (org !== null) {
    user.device.orgs.add(org);
    const isElsewhere = row.org !== org;
    Object.assign(row, { isAlive: true, parent: parent.id, textMark });
    row.authors.add(user.device);
    if (isElsewhere) tenants.move(user, row, org);
  }
  const outcome = await campaign.push(user, [putUnder(of, row.id, parent.id, textMark.word)]);
  if (isDone(outcome) !== (org !== null)) campaign.leak(user, `a row made anew in ${parent.org} is ${outcome.outcome}`);
}

/** Everything from the beginning: exactly the rows that one may read, with what is in them, and no more counted. */
async function pullAll(campaign: Campaign, user: User): Promise<void> {
  const { tenants } = campaign;
  const pages = await campaign.pull(user, { maxBytes: 100_000 });
  const expected = tenants.visibleRows(user);
  const total = pages[0]?.progress.rowsTotal;
  if (total !== expected.length) campaign.leak(user, `was told of ${total} rows instead of ${expected.length}`);
  const got = new Map<string, unknown>();
  for (const { table, columns, rows } of pages.flatMap(({ snapshot }) => snapshot)) {
    for (const row of rows)
      got.set(`${table} ${row[columns.indexOf('id')]}`, row[columns.indexOf(table === 'org' ? 'name' : 'text')]);
  }
  for (const row of expected) {
    const name = `${row.table} ${row.id}`;
    if (got.get(name) !== row.textMark.word)
      campaign.leak(user, `has ${name} with ${got.get(name)}, not ${row.textMark.word}`);
    got.delete(name);
  }
  for (const name of got.keys()) campaign.leak(user, `has ${name}, which it may not read`);
}

async function membership(campaign: Campaign, user: User): Promise<void> {
  const { tenants, random, server } = campaign;
  if (!random.chance(0.1)) return;
  // What is on its way was sent to somebody who might have it.
  await campaign.quiet();
  const org = random.pick(tenants.orgs);
  if (user.memberships.has(org)) user.memberships.delete(org);
  else if (user.memberships.size < 3) user.memberships.set(org, random.pick(['read', 'write'] as const));
  if (user.memberships.size === 0) user.memberships.set(random.pick(tenants.orgs), 'write');
  await campaign.saveMembers();
  if (random.chance(0.5)) server.accessChanged(user.subject);
}

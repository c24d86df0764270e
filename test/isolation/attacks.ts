import { decode, encode, type WireMap, type WireValue } from '../../src/protocol/codec.ts';
import type { Outcome } from '../../src/protocol/messages/push.ts';
import { type Campaign, type Change, fromBase64, hello, pickTable, putUnder } from './campaign.ts';
import { PARENT, type Row, type User } from './tenants.ts';

/** What a tenant tries who knows the ids of others and the protocol by heart. */
export const attacks: Readonly<Record<string, (campaign: Campaign, user: User) => Promise<void>>> = {
  touchForeignRow,
  touchInMutation,
  overwriteForeignRow,
  insertUnderForeignParent,
  moveToForeignParent,
  askForConflict,
  forgeCursor,
  forgeToken,
  stealToken,
  fetchForeignTables,
  useForeignDevice,
  pushPartsOfOthers,
  lookAtFigures,
  sendNonsense,
};

/** A row of somebody else, alive. */
function foreignRow({ tenants, random }: Campaign, user: User): Row | null {
  const rows = tenants.rowsWhere((row) => row.isAlive && row.table !== 'org' && !tenants.canRead(user, row.org));
  return rows.length > 0 ? random.pick(rows) : null;
}

const none = (of: string) => `${of}-Zq00000000Y`;

/** What an outcome tells, without what only names the question. */
function told({ outcome, reason, conflicts, seq }: Outcome, id: string): string {
  return JSON.stringify({ outcome, reason, conflicts, hasSeq: seq !== null }).replaceAll(id, '<id>');
}

/** The same question about something that is there and something that is not must have the same answer. */
async function compare(
  campaign: Campaign,
  user: User,
  ask: (id: string) => Change[],
  ids: { real: string; none: string },
) {
  const base = campaign.random.pick([0, undefined]);
  const real = told(await campaign.push(user, ask(ids.real), {}, base), ids.real);
  const absent = told(await campaign.push(user, ask(ids.none), {}, base), ids.none);
  if (real !== absent) campaign.leak(user, `can tell ${ids.real} from nothing: ${real} / ${absent}`);
}

async function touchForeignRow(campaign: Campaign, user: User): Promise<void> {
  const row = foreignRow(campaign, user);
  if (!row) return;
  const { word } = campaign.tenants.mark([]);
  const change = campaign.random.pick<Pick<Change, 'op' | 'columns' | 'counters'>>([
    { op: 'patch', columns: { text: word } },
    { op: 'delete', columns: {} },
    ...(row.table === 'issue' ? [{ op: 'patch' as const, columns: {}, counters: { votes: 5 } }] : []),
  ]);
  const ask = (id: string): Change[] => [{ table: row.table, key: [id], ...change }];
  await compare(campaign, user, ask, { real: row.id, none: none(row.table) });
}

/** A good change beside a forged one: neither may apply. */
async function touchInMutation(campaign: Campaign, user: User): Promise<void> {
  const { tenants } = campaign;
  const row = foreignRow(campaign, user);
  const home = tenants.visibleRows(user).find((one) => one.table === 'org' && tenants.canWrite(user, one.org));
  if (!row || !home) return;
  const idMark = tenants.mark([home.org]);
  const good = putUnder('project', `project-${idMark.word}`, home.id, idMark.word);
  const bad: Change = { table: row.table, key: [row.id], op: 'patch', columns: { text: idMark.word } };
  const outcome = await campaign.push(user, campaign.random.chance(0.5) ? [good, bad] : [bad, good]);
  if (outcome.outcome !== 'rejected') campaign.leak(user, `a mutation with a forged change is ${outcome.outcome}`);
}

/** That the key is taken cannot be hidden; all else can. */
async function overwriteForeignRow(campaign: Campaign, user: User): Promise<void> {
  const { tenants, random } = campaign;
  const row = foreignRow(campaign, user);
  if (!row) return;
  const parents = tenants.visibleRows(user).filter((one) => one.table === PARENT[row.table as 'project']);
  const parent = parents.length > 0 ? random.pick(parents).id : none('parent');
  const { word } = tenants.mark([]);
  const put = putUnder(row.table as 'project', row.id, parent, word);
  const old = random.chance(0.5) ? { old: { parent, text: word } } : {};
  const outcome = await campaign.push(user, [{ ...put, ...old }], { decides: random.chance(0.5) ? [row.table] : [] });
  const { code } = outcome.reason ?? {};
  if (outcome.outcome !== 'rejected' || code !== 'forbidden')
    campaign.leak(user, `overwriting is ${outcome.outcome} (${code})`);
}

async function insertUnderForeignParent(campaign: Campaign, user: User): Promise<void> {
  const { tenants, random } = campaign;
  const of = pickTable(random);
  const parents = tenants.rowsWhere((row) => row.table === PARENT[of] && !tenants.canRead(user, row.org));
  if (parents.length === 0) return;
  const parent = random.pick(parents).id;
  const ask = (id: string): Change[] => {
    const { word } = tenants.mark([]);
    return [putUnder(of, `${of}-${word}`, id, word)];
  };
  await compare(campaign, user, ask, { real: parent, none: none(PARENT[of]) });
}

async function moveToForeignParent(campaign: Campaign, user: User): Promise<void> {
  const { tenants, random } = campaign;
  const own = tenants.visibleRows(user).filter((row) => row.table !== 'org' && tenants.canWrite(user, row.org));
  if (own.length === 0) return;
  const row = random.pick(own);
  // A row that stayed behind as its parent moved on tells where that is: it can be seen that it is left there.
  const parents = tenants.rowsWhere(
    ({ table, org, id }) =>
      table === PARENT[row.table as 'project'] && !tenants.canRead(user, org) && id !== row.parent,
  );
  if (parents.length === 0) return;
  const ask = (parent: string): Change[] => [{ table: row.table, key: [row.id], op: 'patch', columns: { parent } }];
  await compare(campaign, user, ask, { real: random.pick(parents).id, none: none('parent') });
}

/** A conflict report carries the row it is about. */
async function askForConflict(campaign: Campaign, user: User): Promise<void> {
  const { tenants, random } = campaign;
  const rows = tenants.rowsWhere((row) => row.table !== 'org' && !tenants.canRead(user, row.org));
  if (rows.length === 0) return;
  const row = random.pick(rows);
  const { word } = tenants.mark([]);
  const change: Change = { table: row.table, key: [row.id], op: 'patch', columns: { text: word }, old: { text: 'x' } };
  const outcome = await campaign.push(user, [change], { decides: [row.table] }, 0);
  if (outcome.conflicts.length > 0) campaign.leak(user, `has a conflict with ${row.id}`);
  if (outcome.outcome !== 'rejected') campaign.leak(user, `a change of ${row.id} is ${outcome.outcome}`);
}

async function forgeCursor(campaign: Campaign, user: User): Promise<void> {
  const { random, tenants } = campaign;
  const { epoch, head } = await campaign.server.stats();
  const scopes = random.pick([['*'], [], tenants.orgs.map((org) => `org:${org}`), ['org:', 'main', '*']]);
  await campaign.pull(user, { cursor: { epoch, seq: random.below(head + 2) }, scopes });
}

/** A token of one's own, with other things written into it. */
async function forgeToken(campaign: Campaign, user: User): Promise<void> {
  const { random, tenants } = campaign;
  const { message } = await campaign.call(user, '/v1/pull', firstPull(user, 1024));
  if (typeof message.resume !== 'string') return;
  const state = decode(fromBase64(message.resume)) as WireMap;
  const head = await campaign.head;
  const all = tenants.orgs.map((org) => `org:${org}`);
  const forged: WireMap = {
    ...state,
    ...random.pick<WireMap>([
      { held: all },
      { added: all },
      { added: ['*'] },
      { held: ['*'], added: [] },
      { held: [], added: [], phase: 'log', from: 0, after: { seq: 0, n: 0 } },
      { phase: 'catch-up', held: [], after: { seq: 0, n: 0 }, tables: [] },
      { phase: 'log', after: { seq: random.below(head + 1), n: 0 }, until: head },
      { tables: ['org', 'project', 'issue', 'comment', '_tidemark_device'], step: 0 },
      { step: random.below(40), afterKey: null },
      { step: 0, afterKey: ['', ''] },
      { added: [random.pick(all), random.pick(all)], step: 0, afterKey: null },
    ]),
  };
  await campaign.pull(user, { resume: toBase64(forged) });
}

async function stealToken(campaign: Campaign, user: User): Promise<void> {
  const victim = campaign.random.pick(campaign.tenants.users);
  const { message } = await campaign.call(victim, '/v1/pull', firstPull(victim, 1024));
  if (typeof message.resume === 'string') await campaign.pull(user, { resume: message.resume });
}

async function fetchForeignTables(campaign: Campaign, user: User): Promise<void> {
  const { epoch, head } = await campaign.server.stats();
  const own = [...user.memberships.keys()].map((org) => `org:${org}`);
  const snapshotTables = ['comment', 'issue', '_tidemark_log', 'sqlite_schema'];
  const scopes = campaign.random.pick([own, [], campaign.tenants.orgs.map((org) => `org:${org}`)]);
  const [page] = await campaign.pull(user, { cursor: { epoch, seq: head }, scopes, snapshotTables });
  const most = campaign.tenants.visibleRows(user).length;
  if ((page?.progress.rowsTotal ?? 0) > most)
    campaign.leak(user, `was told of ${page?.progress.rowsTotal} rows instead of ${most}`);
}

async function useForeignDevice(campaign: Campaign, user: User): Promise<void> {
  const { random, tenants } = campaign;
  const victim = random.pick(tenants.users.filter((one) => one !== user));
  const { clientId } = victim;
  const unknown = none('device');
  const request = random.pick<[string, WireValue]>([
    ['/v1/pull', { ...firstPull(user, 1024), clientId }],
    ['/v1/devices', { clientId }],
    ['/v1/devices', { clientId, rename: { name: 'mine' } }],
    ['/v1/push', { clientId, schemaVersion: 1, mutations: [], decides: [] }],
  ]);
  const { status, message } = await campaign.call(user, ...request);
  if (status !== 403) campaign.leak(user, `${request[0]} in the name of another device has the status ${status}`);
  if (Object.keys(message).length > 2)
    campaign.leak(user, `a refusal tells more than it should: ${JSON.stringify(message)}`);
  // A handshake tells no more than who one is oneself.
  const known = await campaign.call(user, '/v1/handshake', { ...hello(user), clientId });
  if (known.message.subject !== user.subject) campaign.leak(user, 'is taken for somebody else');
  const revoke = async (deviceId: string) => {
    const answer = await campaign.call(user, '/v1/devices', { clientId: user.clientId, revoke: { deviceId } });
    return JSON.stringify(answer).replaceAll(deviceId, '<id>');
  };
  const [real, absent] = [await revoke(clientId), await revoke(unknown)];
  if (real !== absent) campaign.leak(user, `can tell a device from nothing: ${real} / ${absent}`);
  const { message: list } = await campaign.call(user, '/v1/devices', { clientId: user.clientId });
  if ((list.devices as unknown[]).length !== 1) campaign.leak(user, 'sees devices of others');
}

async function pushPartsOfOthers(campaign: Campaign, user: User): Promise<void> {
  const victim = campaign.random.pick(campaign.tenants.users.filter((one) => one !== user));
  const part = { mutationId: victim.lastMutationId + 1, index: 0, count: 2, bytes: encode({ forged: true }) };
  const request = { schemaVersion: 1, mutations: [], decides: [], part };
  const { status } = await campaign.call(user, '/v1/push', { ...request, clientId: victim.clientId });
  if (status !== 403) campaign.leak(user, `a part in the name of another device has the status ${status}`);
  // One's own that is never completed keeps nobody from anything.
  await campaign.call(user, '/v1/push', {
    ...request,
    clientId: user.clientId,
    part: { ...part, mutationId: 1_000_000 },
  });
}

async function lookAtFigures(campaign: Campaign, user: User): Promise<void> {
  for (const path of ['/v1/stats', '/metrics']) {
    const request = new Request(`http://server${path}`, { headers: { authorization: `Bearer ${user.subject}` } });
    const response = await campaign.server.fetch(request);
    if (response.ok) campaign.leak(user, `sees ${path}`);
    campaign.inspect(user, new Uint8Array(await response.arrayBuffer()));
  }
}

async function sendNonsense(campaign: Campaign, user: User): Promise<void> {
  const row = foreignRow(campaign, user);
  const key = row ? [row.id] : ['x'];
  const table = row?.table ?? 'issue';
  const { word } = campaign.tenants.mark([]);
  const broken = campaign.random.pick<Change[]>([
    [{ table: '_tidemark_device', key, op: 'patch', columns: { subject: word } }],
    [{ table, key: [...key, 'x'], op: 'delete', columns: {} }],
    [{ table, key, op: 'patch', columns: { id: word } }],
    [{ table, key, op: 'patch', columns: { nothing: word } }],
    [{ table, key, op: 'patch', columns: { text: null } }],
    [{ table: 'org', key, op: 'patch', columns: { name: word } }],
    [{ table: 'org', key: [campaign.random.pick(campaign.tenants.orgs)], op: 'put', columns: { name: word }, old: {} }],
  ]);
  const isOwnOrg = broken[0]?.table === 'org' && campaign.tenants.canWrite(user, String(broken[0].key[0]));
  if (isOwnOrg) return;
  const outcome = await campaign.push(user, broken);
  if (outcome.outcome !== 'rejected') campaign.leak(user, `nonsense is ${outcome.outcome}`);
}

function firstPull(user: User, maxBytes: number): WireMap {
  return { clientId: user.clientId, schemaVersion: 1, cursor: null, scopes: [], resume: null, maxBytes };
}

function toBase64(state: WireMap): string {
  return btoa(String.fromCharCode(...encode(state)));
}

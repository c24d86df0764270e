import { decode, encode, type WireMap, type WireValue } from '../../src/protocol/codec.ts';
import type { PullPage, PullRequest } from '../../src/protocol/messages/pull.ts';
import type { Outcome, PushRequest } from '../../src/protocol/messages/push.ts';
import { createSyncServer, type SyncServer } from '../../src/server/edge/create-sync-server.ts';
import { memorySocketPair } from '../../src/testing/memory-socket.ts';
import type { Random } from '../fuzz/random.ts';
import { counted, type Ground } from './backing.ts';
import { PARENT, schema, type TableName, Tenants, type TenantsOptions, type User } from './tenants.ts';

/** Something that somebody came by and should not have, or did and should not have been able to. */
export interface Leak {
  readonly attack: string;
  readonly viewer: string;
  readonly what: string;
}

export type Change = PushRequest['mutations'][number]['changes'][number];

const HLC = '018f3c5a7e000000';
const WORD = /Zq[0-9a-z]{8}Y/g;

export interface CampaignOptions extends TenantsOptions {
  readonly ground: Ground;
}

/** A server with its tenants in it, and an eye on every byte that leaves it. */
export class Campaign {
  readonly tenants: Tenants;
  readonly random: Random;
  readonly server: SyncServer;
  readonly #ground: Ground;
  /** How many calls of the storage are under way. */
  readonly #running: () => number;
  readonly leaks: Leak[] = [];
  readonly counts: Record<string, number> = {};
  attack = 'set-up';
  #frameCount = 0;

  constructor(random: Random, { ground, ...options }: CampaignOptions) {
    this.random = random;
    this.tenants = new Tenants(random, options);
    const { storage, count } = counted(ground.storage);
    this.#ground = ground;
    this.#running = count;
    this.server = createSyncServer({
      schema,
      storage,
      auth: ({ token }) => (token === null ? null : { id: token }),
      access: ({ id }) => this.tenants.access(id),
    });
  }

  async start(): Promise<void> {
    await this.saveMembers();
    const service = await this.server.service();
    const orgs = this.tenants.rowsWhere((row) => row.table === 'org');
    const changes = orgs.map(({ id, textMark }) => ({
      table: 'org',
      key: [id],
      op: 'put' as const,
      columns: { name: textMark.word },
    }));
    await service.mutate(null, changes);
    for (const user of this.tenants.users) await this.call(user, '/v1/handshake', hello(user));
    for (const user of this.tenants.users) this.#listen(user);
  }

  get head(): Promise<number> {
    return this.server.stats().then(({ head }) => head);
  }

  leak(viewer: User | string, what: string): void {
    this.leaks.push({ attack: this.attack, viewer: typeof viewer === 'string' ? viewer : viewer.subject, what });
  }

  /** Sends a message as this user, and looks at every byte of the answer. */
  async call(user: User, path: string, message: WireValue): Promise<{ status: number; message: WireMap }> {
    const body = encode(message) as Uint8Array<ArrayBuffer>;
    const headers = { 'content-type': 'application/cbor', authorization: `Bearer ${user.subject}` };
    const response = await this.server.fetch(new Request(`http://server${path}`, { method: 'POST', headers, body }));
    const bytes = new Uint8Array(await response.arrayBuffer());
    this.inspect(user, bytes, body);
    const answer = decode(bytes) as WireMap;
    // A token is opaque, not secret: it can be looked into.
    if (typeof answer.resume === 'string') this.inspect(user, fromBase64(answer.resume), body);
    if (response.status >= 500) this.leak(user, `the answer has the status ${response.status}`);
    return { status: response.status, message: answer };
  }

  /** Every word that stands in there, but not in the question, must be one that the viewer may know. */
  inspect(user: User, bytes: Uint8Array, question: Uint8Array = new Uint8Array()): void {
    const asked = new Set(textOf(question).match(WORD) ?? []);
    for (const word of new Set(textOf(bytes).match(WORD) ?? [])) {
      if (!asked.has(word) && !this.tenants.mayKnow(user, word)) this.leak(user, `saw ${word}`);
    }
  }

  async push(user: User, changes: Change[], rest: Partial<PushRequest> = {}, base?: number): Promise<Outcome> {
    const mutations = [{ mutationId: ++user.lastMutationId, hlc: HLC, base: base ?? (await this.head), changes }];
    const request = { clientId: user.clientId, schemaVersion: 1, mutations, decides: [], ...rest };
    const { status, message } = await this.call(user, '/v1/push', request);
    const [outcome] = (message.outcomes ?? []) as unknown as Outcome[];
    if (status === 200 && outcome) return outcome;
    throw new Error(`A push had no outcome: ${JSON.stringify(message)}`);
  }

  /** All pages of a chain. */
  async pull(user: User, request: Partial<PullRequest> = {}): Promise<PullPage[]> {
    const pages: PullPage[] = [];
    for (let resume = request.resume ?? null; ; ) {
      const base = { clientId: user.clientId, schemaVersion: 1, cursor: null, scopes: [], maxBytes: 2048 };
      const { status, message } = await this.call(user, '/v1/pull', { ...base, ...request, resume } as WireValue);
      if (status !== 200) return pages;
      const page = message as unknown as PullPage;
      this.#checkPage(user, page);
      pages.push(page);
      if (page.resume === null) return pages;
      resume = page.resume;
    }
  }

  /** Where the database decides, it has to know. */
  async saveMembers(): Promise<void> {
    await this.#ground.setMembers?.(this.tenants.users);
  }

  /** Resolves once no frame has arrived, and nothing has been read, for a while of the event loop's time. */
  async quiet(): Promise<void> {
    for (let turns = 0, seen = -1; turns < 30; turns++) {
      if (seen !== this.#frameCount || this.#running() > 0) turns = 0;
      seen = this.#frameCount;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async close(): Promise<void> {
    await this.server.close();
    await this.#ground.close();
  }

  #checkPage(user: User, page: PullPage): void {
    const readable = new Set([...user.memberships.keys()].map((org) => `org:${org}`));
    for (const scope of page.scopes) if (!readable.has(scope)) this.leak(user, `was given the scope ${scope}`);
    for (const { table, columns, rows } of page.snapshot) {
      const at = columns.indexOf('id');
      for (const row of rows) this.#checkRow(user, table as TableName, String(row[at]));
    }
  }

  /** Rows of a snapshot are as they are now. */
  #checkRow(user: User, of: TableName, id: string): void {
    const row = this.tenants.row(of, id);
    if (!row?.isAlive || !this.tenants.canRead(user, row.org)) this.leak(user, `was given ${of} ${id} in a snapshot`);
  }

  /** A socket that follows what its user may read, and one that claims to hold everything. */
  #listen(user: User): void {
    for (const isHonest of [true, false]) {
      const { client, server } = memorySocketPair();
      this.server.handleSocket(server);
      const send = (frame: WireValue) => client.send(encode(frame) as Uint8Array<ArrayBuffer>);
      client.onopen = () => send({ type: 'hello', token: user.subject, handshake: hello(user) });
      client.onmessage = ({ data }) => {
        const bytes = new Uint8Array(data as ArrayBuffer);
        this.inspect(user, bytes);
        const frame = decode(bytes) as WireMap;
        this.#frameCount++;
        this.counts[`frame ${frame.type}`] = (this.counts[`frame ${frame.type}`] ?? 0) + 1;
        // The one that lies is answered with a poke each time: asking again at once would go on for ever.
        if (frame.type === 'welcome' || (frame.type === 'poke' && isHonest)) void this.#subscribe(user, send, isHonest);
      };
    }
  }

  async #subscribe(user: User, send: (frame: WireValue) => void, isHonest: boolean): Promise<void> {
    const { epoch, head } = await this.server.stats();
    const orgs = isHonest ? [...user.memberships.keys()] : this.tenants.orgs;
    send({
      type: 'subscribe',
      cursor: { epoch, seq: head },
      scopes: isHonest ? orgs.map((org) => `org:${org}`) : ['*'],
    });
  }
}

export function hello(user: User) {
  return { protocol: 1, schemaVersion: 1, clientId: user.clientId, capabilities: [], deviceName: user.device.word };
}

/** A change that puts a row with words of its own below a parent. */
export function putUnder(of: Exclude<TableName, 'org'>, id: string, parent: string, text: string): Change {
  return { table: of, key: [id], op: 'put', columns: { parent, text } };
}

export function pickTable(random: Random): Exclude<TableName, 'org'> {
  return random.pick(Object.keys(PARENT) as Exclude<TableName, 'org'>[]);
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

export function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
}

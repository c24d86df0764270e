import { defineSchema, t, table } from '../../src/core/schema.ts';
import type { Random } from '../fuzz/random.ts';

/** A tree of tenants: what an organisation owns hangs below it, and its scope is found through the parents. */
export const schema = defineSchema({
  version: 1,
  tables: {
    org: table({ id: t.text(), name: t.text() }, { scope: { kind: 'org', by: 'id' } }),
    project: table({ id: t.text(), parent: t.text(), text: t.text() }, { scope: { via: 'parent', table: 'org' } }),
    issue: table(
      { id: t.text(), parent: t.text(), text: t.text(), votes: t.counter() },
      { scope: { via: 'parent', table: 'project' } },
    ),
    comment: table(
      { id: t.text(), parent: t.text(), text: t.text() },
      { scope: { via: 'parent', table: 'issue' }, conflict: 'manual' },
    ),
  },
});

export type TableName = 'org' | 'project' | 'issue' | 'comment';
export const PARENT: Readonly<Record<Exclude<TableName, 'org'>, TableName>> = {
  project: 'org',
  issue: 'project',
  comment: 'issue',
};
const CHILD: Partial<Record<TableName, TableName>> = { org: 'project', project: 'issue', issue: 'comment' };

/** A word that stands for one secret: wherever it turns up, it tells where it came from. */
export interface Mark {
  readonly word: string;
  /** The organisations that it has been shown to by rights. */
  readonly orgs: Set<string>;
  /** Set for what belongs to one person alone. */
  readonly owner: User | null;
}

export interface Row {
  readonly table: TableName;
  readonly id: string;
  readonly idMark: Mark;
  textMark: Mark;
  parent: string | null;
  org: string;
  isAlive: boolean;
  /** The devices that wrote it: a conflict names them. */
  readonly authors: Set<Mark>;
}

export interface User {
  readonly subject: string;
  readonly clientId: string;
  readonly device: Mark;
  readonly memberships: Map<string, 'read' | 'write'>;
  lastMutationId: number;
}

export interface TenantsOptions {
  readonly orgCount: number;
  readonly userCount: number;
  /** Who may write is left to the database: the server's lists have everything that one may read. */
  readonly hasPolicies: boolean;
}

/** What is true: which rows there are, whose they are, and who may know which word. */
export class Tenants {
  readonly random: Random;
  readonly marks = new Map<string, Mark>();
  readonly rows = new Map<string, Row>();
  readonly users: User[] = [];
  readonly orgs: string[] = [];
  #words = 0;

  readonly #hasPolicies: boolean;

  constructor(random: Random, options: TenantsOptions) {
    this.random = random;
    this.#hasPolicies = options.hasPolicies;
    for (let n = 0; n < options.orgCount; n++) this.#addOrg();
    for (let n = 0; n < options.userCount; n++) this.#addUser(n);
  }

  /** A new word, eleven characters that nothing else contains. */
  mark(orgs: readonly string[], owner: User | null = null): Mark {
    this.#words++;
    const word = `Zq${this.#words.toString(36).padStart(8, '0')}Y`;
    const mark: Mark = { word, orgs: new Set(orgs), owner };
    this.marks.set(word, mark);
    return mark;
  }

  canRead(user: User, org: string): boolean {
    return user.memberships.has(org);
  }

  canWrite(user: User, org: string): boolean {
    return user.memberships.get(org) === 'write';
  }

  access(subject: string): { read: string[]; write: string[] } | { read: '*'; write: '*' } {
    const user = this.users.find((one) => one.subject === subject);
    if (!user) return { read: '*', write: '*' };
    const scopes = (orgs: string[]) => orgs.map((org) => `org:${org}`);
    const all = [...user.memberships.keys()];
    return { read: scopes(all), write: scopes(all.filter((org) => this.#isListed(user, org))) };
  }

  /** Whether the server takes somebody to be allowed to write there. */
  #isListed(user: User, org: string): boolean {
    return this.#hasPolicies ? this.canRead(user, org) : this.canWrite(user, org);
  }

  /** Whether something outlived a deleted row that this person may not move: then they cannot make it anew elsewhere. */
  isHeld(user: User, row: Row, org: string): boolean {
    return this.#below(row).some((one) => one.org !== org && !this.#isListed(user, one.org));
  }

  #below({ table, id }: Row): Row[] {
    const child = CHILD[table];
    return child === undefined ? [] : this.rowsWhere((one) => one.table === child && one.parent === id && one.isAlive);
  }

  /**
   * Whether a policy can tell whose a row is: what hangs below something that is gone, or stayed behind as its parent moved on, has
   * lost the way to its organisation. The server knows where it was.
   */
  isAnchored(row: Row): boolean {
    if (!this.#hasPolicies || row.table === 'org') return true;
    const above = row.parent === null ? undefined : this.row(PARENT[row.table], row.parent);
    return above?.isAlive === true && above.org === row.org && this.isAnchored(above);
  }

  /** Whether somebody may come across a word. */
  mayKnow(user: User, word: string): boolean {
    const mark = this.marks.get(word);
    if (!mark) return true;
    return mark.owner === user || [...mark.orgs].some((org) => this.canRead(user, org));
  }

  row(of: TableName, id: string): Row | undefined {
    return this.rows.get(`${of} ${id}`);
  }

  rowsWhere(test: (row: Row) => boolean): Row[] {
    return [...this.rows.values()].filter(test);
  }

  /** What people work on. */
  workedOn(user: User): Row[] {
    return this.visibleRows(user).filter((row) => this.isAnchored(row));
  }

  visibleRows(user: User): Row[] {
    return this.rowsWhere((row) => row.isAlive && this.canRead(user, row.org));
  }

  /** Where a row below this parent lies, for somebody who may put it there; null where nobody may know why not. */
  placeFor(user: User, of: Exclude<TableName, 'org'>, parent: string): string | null {
    const above = this.row(PARENT[of], parent);
    return above?.isAlive && this.canRead(user, above.org) && this.canWrite(user, above.org) ? above.org : null;
  }

  add(row: Omit<Row, 'isAlive' | 'authors'>, user?: User): void {
    this.rows.set(`${row.table} ${row.id}`, { ...row, isAlive: true, authors: new Set(user ? [user.device] : []) });
    row.idMark.orgs.add(row.org);
  }

  /** The row and what hangs below it and may be written by `user` go to another organisation. */
  move(user: User, row: Row, org: string): void {
    row.org = org;
    row.authors.add(user.device);
    for (const mark of [row.idMark, row.textMark, ...row.authors]) mark.orgs.add(org);
    for (const below of this.#below(row)) {
      if (below.org === org) continue;
      // Those who had it are told that it left: by this device.
      user.device.orgs.add(below.org);
      this.move(user, below, org);
    }
  }

  #addOrg(): void {
    const mark = this.mark([]);
    const id = `org-${mark.word}`;
    this.orgs.push(id);
    const textMark = this.mark([id]);
    this.add({ table: 'org', id, idMark: mark, textMark, parent: null, org: id });
  }

  #addUser(index: number): void {
    const orgs: string[] = [];
    const memberships = new Map<string, 'read' | 'write'>();
    const own = this.orgs[index % this.orgs.length] as string;
    memberships.set(own, 'write');
    if (this.random.chance(0.3))
      memberships.set(this.random.pick(this.orgs), this.random.pick(['read', 'write'] as const));
    const device = this.mark(orgs);
    const user: User = {
      subject: `user-${index}`,
      clientId: `device-${device.word}`,
      device: { ...device, orgs: device.orgs },
      memberships,
      lastMutationId: 0,
    };
    const ownMark: Mark = { word: device.word, orgs: user.device.orgs, owner: user };
    this.marks.set(device.word, ownMark);
    this.users.push(user);
  }
}

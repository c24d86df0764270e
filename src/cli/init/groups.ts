import type { CatalogueTable } from './catalogue.ts';
import { columnsOf, printExpression } from './policy/expression.ts';
import { type GroupQuery, plainRow, printGroupQuery } from './policy/group-query.ts';

/** Who is in a group: what some questions to the tables give, and perhaps the caller's own id. */
export interface GroupMembers {
  readonly queries: readonly GroupQuery[];
  /** The group of a user holds that user too. */
  readonly hasSelf: boolean;
}

/** How the ids of the groups are found that somebody is in. */
export interface Membership {
  /** The kind of the scope, such as `workspace`. */
  readonly kind: string;
  /** Gives them as `id`; the caller's id goes where `CALLER` stands. Null: the caller's own id is one. */
  readonly sql: string | null;
}

/** The groups that scopes are made of. Each kind has one set of members: who is in one is not in another for it. */
export class Groups {
  readonly #tables: ReadonlyMap<string, CatalogueTable>;
  readonly #refused: ReadonlySet<string>;
  readonly #kinds = new Map<string, { readonly key: string; readonly members: GroupMembers }>();

  constructor(tables: ReadonlyMap<string, CatalogueTable>, refused: ReadonlySet<string> = new Set()) {
    this.#tables = tables;
    this.#refused = refused;
  }

  /** Whether the database answers it, as far as that is known. */
  isAnswered(query: GroupQuery): boolean {
    return this.#refused.size === 0 || !this.#refused.has(printGroupQuery(query, this.#tables));
  }

  /** The kind of scope that these members have, told apart from all others. */
  kindOf(members: GroupMembers): string {
    const key = JSON.stringify([
      members.hasSelf,
      ...members.queries.map((query) => printGroupQuery(query, this.#tables)).sort(),
    ]);
    for (const [kind, known] of this.#kinds) if (known.key === key) return kind;
    const kind = this.#freeName(members);
    this.#kinds.set(kind, { key, members });
    return kind;
  }

  membersOf(kind: string): GroupMembers | null {
    return this.#kinds.get(kind)?.members ?? null;
  }

  /** For the file with the rules of access. */
  list(): Membership[] {
    return [...this.#kinds].flatMap(([kind, { members }]) => [
      ...members.queries.map((query) => ({ kind, sql: printGroupQuery(query, this.#tables) })),
      ...(members.hasSelf ? [{ kind, sql: null }] : []),
    ]);
  }

  #freeName({ queries, hasSelf }: GroupMembers): string {
    const [first] = queries;
    const base = first ? this.#base(first) : 'group';
    const isPlain = !hasSelf && queries.length === 1 && first !== undefined && this.isMembership(first);
    const long = [base, ...queries.map((query) => this.#hint(query)), ...(hasSelf ? ['own'] : [])];
    const name = isPlain ? base : [...new Set(long.filter((part) => part !== ''))].join('-');
    const free = [name, ...Array.from({ length: 99 }, (_, index) => `${name}-${index + 2}`)];
    return free.find((one) => !this.#kinds.has(one) && one !== 'user') ?? name;
  }

  /** A user is looked up among the members of what a column names. */
  isMembership(query: GroupQuery): boolean {
    const plain = plainRow(query, this.#tables);
    return plain !== null && !(plain.table.key.length === 1 && plain.table.key[0] === plain.group);
  }

  /** The singular of the table that the column refers to, or of the column itself. */
  #base({ select, of }: GroupQuery): string {
    const name = of.rows.get(select.row) ?? '';
    const table = this.#tables.get(name);
    const key = table?.foreignKeys.find((one) => one.columns.length === 1 && one.columns[0] === select.column);
    const isOwnKey = table?.key.length === 1 && table.key[0] === select.column;
    return singular(isOwnKey ? name : key && key.table !== name ? key.table : select.column.replace(/_id$/, ''));
  }

  /** What sets a query apart: the words it compares with, or the column of the user. */
  #hint(query: GroupQuery): string {
    if (this.isMembership(query)) return '';
    const plain = plainRow(query, this.#tables);
    if (plain) return plain.user.replace(/_?id$/i, '');
    const texts = query.of.locals.map(({ expression }) => printExpression(expression, ([, column]) => column ?? ''));
    const words = texts.flatMap((text) =>
      [...text.matchAll(/'([^']+)'/g)].map((match) => (match[1] ?? '').replaceAll(/\W+/g, '_')),
    );
    const columns = query.of.locals.flatMap(({ expression }) => (columnsOf(expression) ?? []).map(([, name]) => name));
    const users = query.of.classes.flatMap(({ terms, isCaller }) => (isCaller ? terms : []));
    const names = [
      ...columns,
      ...query.of.nulls.map(({ column }) => column),
      ...users.map(({ column }) => column.replace(/_?id$/i, '')).filter((name) => name !== 'user' && name !== ''),
    ];
    return [...new Set(words.length > 0 ? words : names)].join('-');
  }
}

function singular(name: string): string {
  if (/ies$/.test(name)) return name.replace(/ies$/, 'y');
  return /[^s]s$/.test(name) ? name.slice(0, -1) : name;
}

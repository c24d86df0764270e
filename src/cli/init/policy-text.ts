/** What the text of one row policy says, as far as a scope can follow it. */
export interface PolicyMeaning {
  /** Everybody who is signed in. */
  readonly isForAll: boolean;
  /** Own columns that must equal the caller's id. */
  readonly ownerColumns: readonly string[];
  /** Own columns that are asked to be null. */
  readonly nullColumns: readonly string[];
  /** Looks into other tables. */
  readonly lookups: readonly Lookup[];
  /** Functions that are given own columns, such as `is_member(project_id)`. */
  readonly calls: readonly Call[];
  /** Functions that give a set of ids which an own column has to be one of, such as `project_id IN (SELECT my_projects())`. */
  readonly sets: readonly { readonly name: string; readonly column: string }[];
  /** Whether the text says more than all of this. */
  readonly hasMore: boolean;
}

export interface Call {
  readonly name: string;
  /** By position; null for what is no column. */
  readonly columns: readonly (string | null)[];
}

/** A subselect: which tables it reads, and how they hang together. */
export interface Lookup {
  readonly tables: readonly string[];
  /** Equal columns; the table is the own one where the subselect reaches out of itself. */
  readonly pairs: readonly (readonly [TableColumn, TableColumn])[];
  /** Columns that must equal the caller's id. */
  readonly userColumns: readonly TableColumn[];
}

export interface TableColumn {
  readonly table: string;
  readonly column: string;
}

const CALLER = 'auth.uid()';
const COLUMN = String.raw`((?:"[^"]+"|\w+)(?:\.(?:"[^"]+"|\w+))*)`;

/** `column IN f()` and `column = ANY (ARRAY f())`, once the SELECT around the call has been taken off. */
const SET = new RegExp(String.raw`${COLUMN} (?:IN|= ANY)\s*\(*(?:ARRAY)?\(*((?:\w+\.)?\w+)\(\)`, 'gi');

/** Reads the expression of a policy on `table`, as Postgres prints it. What it does not know it leaves out. */
export function readPolicyText(text: string, table: string): PolicyMeaning {
  const { outer, subselects } = takeOut(normalise(text));
  const calls = readCalls(outer);
  return {
    isForAll: isForAll(outer),
    ownerColumns: callerColumns(outer).map(lastName),
    nullColumns: [...outer.matchAll(new RegExp(`${COLUMN} IS NULL`, 'g'))].map((match) => lastName(match[1] ?? '')),
    lookups: subselects.map((body, index) => readLookup(body, table, memberColumn(outer, index))),
    calls,
    sets: [...outer.matchAll(SET)].map(([, column = '', name = '']) => ({
      name: lastName(name),
      column: lastName(column),
    })),
    hasMore:
      !isForAll(outer) && (/\w/.test(withoutKnown(outer)) || calls.some(({ columns }) => columns.includes(null))),
  };
}

/** What is left of an expression without the parts that a {@link PolicyMeaning} tells. */
function withoutKnown(outer: string): string {
  const caller = CALLER.replaceAll(/[.()]/g, '\\$&');
  return outer
    .replaceAll(new RegExp(`${COLUMN} = (?:ANY )?${caller}|${caller} = ${COLUMN}(?!\\()`, 'g'), '')
    .replaceAll(new RegExp(`${COLUMN} (?:IN|= ANY)\\s*\\(*(?:ARRAY)?§\\d+`, 'g'), '')
    .replaceAll(SET, '')
    .replaceAll(new RegExp(`${COLUMN} IS NULL`, 'g'), '')
    .replaceAll(new RegExp(`${caller} IS NOT NULL|\\bauth\\.role\\(\\) = 'authenticated'`, 'g'), '')
    .replaceAll(/\b(?:\w+\.)?[a-z_]\w*\([^()]*\)/gi, '')
    .replaceAll(/§\d+|\b(?:EXISTS|AND|OR)\b/gi, '');
}

/** Reads the body of a function that is called with columns of a row, as one lookup: its parameters are those columns. */
export function readFunctionText(text: string, table: string, columns: readonly (string | null)[]): Lookup {
  const lookup = readLookup(normalise(text), '', null);
  const given = new Map(parametersOf(text).map((name, index) => [name, columns[index] ?? null]));
  const put = (one: TableColumn): TableColumn => {
    const column = given.get(one.column) ?? null;
    return column === null ? one : { table, column };
  };
  return { ...lookup, pairs: lookup.pairs.map(([a, b]) => [put(a), put(b)]) };
}

/** Reads the body of a function whose rows are ids that a column of the table has to be one of. */
export function readSetFunctionText(text: string, table: string, column: string): Lookup {
  return readLookup(normalise(text), table, column);
}

/** The names of the parameters, as `pg_get_functiondef` writes them. */
function parametersOf(text: string): string[] {
  const list = /FUNCTION [^(]*\(([^()]*(?:\([^()]*\)[^()]*)*)\)/i.exec(text)?.[1] ?? '';
  return list.split(',').map((one) => bare(/^(?:(?:IN|VARIADIC) )?("[^"]+"|\w+) /i.exec(one.trim())?.[1] ?? ''));
}

function normalise(text: string): string {
  return (
    text
      .replaceAll(/--[^\n]*/g, ' ')
      .replaceAll(/\s+/g, ' ')
      // `( SELECT auth.uid() AS uid)` is the same, asked once per statement.
      .replaceAll(/\(\s*SELECT ((?:\w+\.)?\w+\([^()]*\))(?: AS \w+)?\s*\)/gi, '$1')
      .replaceAll(/::"?\w[\w ]*"?(?:\[\])?(?=[\s),]|$)/g, '')
      .replaceAll(/\(?\(?(?:auth\.)?jwt\(\) ->> 'sub'\)?\)?/gi, CALLER)
      .replaceAll(/\(?current_setting\('request\.jwt\.claims?\.sub'(?:, true)?\)\)?/gi, CALLER)
      .replaceAll(/\b(?:\w+\.)?(?:uid|\w*user_?id|current_user_\w+)\(\)/gi, CALLER)
      .replaceAll(`(${CALLER})`, CALLER)
  );
}

/** Takes the subselects out of an expression and leaves `§0`, `§1`, … in their places. */
function takeOut(text: string): { outer: string; subselects: string[] } {
  const subselects: string[] = [];
  let outer = '';
  for (let at = 0; at < text.length; ) {
    if (/^\(\s*SELECT\b/i.test(text.slice(at, at + 12))) {
      const end = closing(text, at);
      outer += `§${subselects.length}`;
      subselects.push(text.slice(at + 1, end));
      at = end + 1;
    } else {
      outer += text[at];
      at += 1;
    }
  }
  return { outer, subselects };
}

/** The index of the parenthesis that closes the one at `start`. */
function closing(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at += 1) {
    if (text[at] === '(') depth += 1;
    if (text[at] === ')') depth -= 1;
    if (depth === 0) return at;
  }
  return text.length;
}

function isForAll(outer: string): boolean {
  const bare = outer.replaceAll(/[()\s]/g, '').toLowerCase();
  return bare === 'true' || bare === 'auth.uidisnotnull' || bare === "auth.role='authenticated'";
}

/** The columns that are compared with the caller's id, on either side. */
function callerColumns(text: string): string[] {
  const caller = CALLER.replaceAll(/[.()]/g, '\\$&');
  const right = text.matchAll(new RegExp(`${COLUMN} = (?:ANY )?${caller}`, 'g'));
  const left = text.matchAll(new RegExp(`${caller} = ${COLUMN}(?!\\()`, 'g'));
  return [...right, ...left].map((match) => match[1] ?? '').filter((name) => !name.startsWith('auth.'));
}

/** The own column of `column IN §n` and `column = ANY §n`. */
function memberColumn(outer: string, index: number): string | null {
  const match = new RegExp(`${COLUMN} (?:IN|= ANY)\\s*\\(*(?:ARRAY)?§${index}(?!\\d)`).exec(outer);
  return match?.[1] === undefined ? null : lastName(match[1]);
}

const NOT_AN_ALIAS = /^(where|on|join|inner|left|right|cross|full|natural|using|group|order|limit|union|as)$/i;

function readLookup(body: string, ownTable: string, ownColumn: string | null): Lookup {
  const aliases = new Map<string, string>();
  for (const match of body.matchAll(
    new RegExp(`\\b(?:FROM|JOIN)\\s*\\(*${COLUMN}(?: (?:AS )?("[^"]+"|\\w+))?`, 'gi'),
  )) {
    const name = lastName(match[1] ?? '');
    aliases.set(name, name);
    if (match[2] !== undefined && !NOT_AN_ALIAS.test(match[2])) aliases.set(bare(match[2]), name);
  }
  const tables = [...new Set(aliases.values())];
  const resolve = (path: string): TableColumn => {
    const parts = path.split('.').map(bare);
    const owner = parts.at(-2);
    const table =
      owner === undefined ? (tables[0] ?? '') : (aliases.get(owner) ?? (owner === ownTable ? ownTable : owner));
    return { table, column: parts.at(-1) ?? '' };
  };
  const pairs = [...body.matchAll(new RegExp(`${COLUMN} = ${COLUMN}(?!\\()`, 'g'))]
    .filter((match) => !`${match[1]} ${match[2]}`.includes('auth.uid'))
    .map((match): [TableColumn, TableColumn] => [resolve(match[1] ?? ''), resolve(match[2] ?? '')]);
  const selected = new RegExp(`SELECT (?:DISTINCT )?${COLUMN}`, 'i').exec(body)?.[1];
  if (ownColumn !== null && selected !== undefined)
    pairs.push([{ table: ownTable, column: ownColumn }, resolve(selected)]);
  return { tables, pairs, userColumns: callerColumns(body).map(resolve) };
}

function readCalls(outer: string): Call[] {
  const calls = outer.matchAll(/\b((?:\w+\.)?[a-z_]\w*)\(([^()]*)\)/gi);
  return [...calls]
    .filter(([, name]) => name !== undefined && !/^(auth\.\w+|coalesce|lower|upper|any|in|and|or|not)$/i.test(name))
    .map(([, name = '', args = '']) => ({
      name: lastName(name),
      columns: args.trim() === '' ? [] : readArguments(args),
    }));
}

function readArguments(args: string): (string | null)[] {
  const withoutLists = args.replaceAll(/\[[^\]]*\]/g, '[]');
  return withoutLists.split(',').map((one) => {
    const name = lastName(one.trim());
    return /^[A-Za-z_]\w*$/.test(name) && !/^(true|false|null)$/i.test(name) ? name : null;
  });
}

function lastName(path: string): string {
  return bare(path.split('.').at(-1) ?? '');
}

function bare(name: string): string {
  return name.replaceAll('"', '');
}

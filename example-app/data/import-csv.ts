import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { schema, type TableName } from '../schema.ts';
import type { TableRows } from './generate.ts';

type CsvRow = Readonly<Record<string, string>>;
type AppRow = Readonly<Record<string, unknown>>;

/** Columns that other trackers name differently: our name by theirs, after camelCase has become snake_case. */
const SYNONYMS: Readonly<Record<string, string>> = {
  created: 'created_at',
  modified: 'updated_at',
  updated: 'updated_at',
  description: 'body',
};

/**
 * Reads `<table>.csv` files of a folder as rows of the tracker, parents before children.
 * Columns the tracker does not have are left out; projects are made from the ids that issues name.
 *
 * @throws Error naming the file when it is no table of the tracker, or a row lacks what it needs.
 */
export async function importCsv(folder: string): Promise<TableRows[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.csv'));
  if (files.length === 0) throw new Error(`${folder} holds no .csv files.`);
  const byTable = new Map<string, readonly AppRow[]>();
  for (const file of files) {
    const table = basename(file, '.csv');
    if (!isTable(table)) throw new Error(`${file}: the tracker has no table ${table} (it has ${TABLES.join(', ')}).`);
    byTable.set(table, toRows(table, await readCsv(join(folder, file))));
  }
  if (!byTable.has('project')) byTable.set('project', projectsOf(byTable.get('issue') ?? []));
  return TABLES.map((table) => ({ table, rows: byTable.get(table) ?? [] }));
}

const TABLES = Object.keys(schema.tables) as TableName[];

function isTable(name: string): name is TableName {
  return Object.hasOwn(schema.tables, name);
}

async function readCsv(path: string): Promise<CsvRow[]> {
  // Bodies hold line feeds and stray carriage returns, so the record delimiter is fixed instead of guessed.
  return parse(await readFile(path, 'utf8'), {
    columns: true,
    record_delimiter: ['\r\n', '\n'],
    bom: true,
    relax_column_count: true,
  });
}

function toRows(table: TableName, rows: readonly CsvRow[]): AppRow[] {
  const columns = schema.tables[table].columns;
  return rows.map((row) => {
    const result: Record<string, unknown> = {};
    for (const [theirs, text] of Object.entries(row)) {
      const ours = ourName(table, theirs, text);
      const column = columns[ours.name as keyof typeof columns] as { kind: string; isNullable: boolean } | undefined;
      if (column) result[ours.name] = fromText(column, ours.text);
    }
    return result;
  });
}

function ourName(table: TableName, theirs: string, text: string): { name: string; text: string } {
  if (table === 'issue' && theirs === 'open') return { name: 'status', text: text === 'true' ? 'open' : 'closed' };
  if (table === 'comment' && theirs === 'creatorID') return { name: 'author_id', text };
  const snake = theirs
    .replace(/ID$/, '_id')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase();
  return { name: SYNONYMS[snake] ?? snake, text };
}

function fromText({ kind, isNullable }: { kind: string; isNullable: boolean }, text: string): unknown {
  if (text === '' && isNullable) return null;
  if (kind === 'timestamp') return /^\d+(\.\d+)?$/.test(text) ? new Date(Number(text)).toISOString() : text;
  if (kind === 'integer' || kind === 'counter') return Number(text);
  return text;
}

function projectsOf(issues: readonly AppRow[]): AppRow[] {
  const ids = [...new Set(issues.map((issue) => String(issue.project_id)))];
  return ids.map((id, index) => ({ id, name: ids.length === 1 ? 'Imported issues' : `Imported ${index + 1}` }));
}

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { gunzipSync } from 'node:zlib';
import { parse } from 'csv-parse/sync';

type Row = Record<string, unknown>;

/** Real data that lies beside the repository and is not part of it; `TIDEMARK_SAMPLE_DATA` names another place. */
const FOLDER = process.env.TIDEMARK_SAMPLE_DATA ?? join(import.meta.dirname, '../../../../shared/data');

/** Why the sample data cannot be used, or null. */
export const sampleDataMissing = existsSync(join(FOLDER, 'github-issues/issue.csv'))
  ? null
  : `no sample data at ${FOLDER}: set TIDEMARK_SAMPLE_DATA to a folder with github-issues/*.csv and Chinook_Sqlite.sql.gz`;

const CONVERT: Readonly<Record<string, (text: string) => unknown>> = {
  open: (text) => text === 'true',
  created: Number,
  modified: Number,
  assigneeID: (text) => (text === '' ? null : text),
  description: (text) => (text === '' ? null : text),
};

/** The GitHub issues sample as rows in app values. */
export function githubRows(): Record<string, Row[]> {
  return Object.fromEntries(
    ['user', 'label', 'issue', 'comment', 'issue_label'].map((table) => {
      const text = readFileSync(join(FOLDER, 'github-issues', `${table}.csv`), 'utf8');
      const rows = parse(text, { columns: true, record_delimiter: ['\r\n', '\n'] }) as Record<string, string>[];
      return [table, rows.map(convertRow)];
    }),
  );
}

function convertRow(row: Record<string, string>): Row {
  return Object.fromEntries(
    Object.entries(row).map(([name, text]) => [name, CONVERT[name]?.(text) ?? nullable(name, text)]),
  );
}

function nullable(name: string, text: string): unknown {
  return name in CONVERT && text === '' ? null : text;
}

const DECIMALS = new Set(['Total', 'UnitPrice']);

/** The Chinook sample as rows in app values: its decimals as text. */
export function chinookRows(tables: readonly string[]): Record<string, Row[]> {
  const database = new DatabaseSync(':memory:');
  database.exec(
    gunzipSync(readFileSync(join(FOLDER, 'Chinook_Sqlite.sql.gz')))
      .toString('utf8')
      .replace(/^\uFEFF/, ''),
  );
  return Object.fromEntries(
    tables.map((table) => [
      table,
      database
        .prepare(`SELECT * FROM "${table}"`)
        .all()
        .map((row) =>
          Object.fromEntries(
            Object.entries(row).map(([name, value]) => [name, DECIMALS.has(name) ? String(value) : value]),
          ),
        ),
    ]),
  );
}

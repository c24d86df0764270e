import { quoteName } from '../../core/sql.ts';
import type { LocalDatabase } from '../../storage/local-database.ts';
import type { LocalTables } from './local-table.ts';

/**
 * Triggers of the app that write to synced tables, or refuse rows. What they do to a local write is part of it and
 * goes up with it. A row of the server must not set them off: their effect came along, a second one would be known to
 * this device alone, and a refused row would hold up all others. So they are away while remote rows are applied.
 * Triggers that only follow into tables of this device, such as those of a full-text index, always fire.
 */
export interface AppTriggers {
  load(): void;
  /** Runs `fn`, inside a transaction, without them. */
  suspended<T>(fn: () => T): T;
}

interface AppTrigger {
  readonly name: string;
  readonly sql: string;
}

export function createAppTriggers(database: LocalDatabase, tables: LocalTables): AppTriggers {
  let triggers: readonly AppTrigger[] = [];
  return {
    load() {
      const { rows } = database.read("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'");
      triggers = rows
        .map(([name, sql]) => ({ name: String(name), sql: String(sql) }))
        .filter(({ sql }) => REFUSAL.test(sql) || writesTo(sql, tables));
    },
    suspended(fn) {
      for (const { name } of triggers) database.exec(`DROP TRIGGER ${quoteName(name)}`);
      const result = fn();
      for (const { sql } of triggers) database.exec(sql);
      return result;
    },
  };
}

/** The table that each statement in the body of a trigger writes to. */
const TARGET = /\b(?:INTO|UPDATE(?:\s+OR\s+\w+)?|DELETE\s+FROM)\s+(?:"([^"]+)"|`([^`]+)`|\[([^\]]+)\]|(\w+))/gi;

const REFUSAL = /\bRAISE\s*\(/i;

function writesTo(sql: string, tables: LocalTables): boolean {
  const body = sql.slice(sql.search(/\bBEGIN\b/i));
  const names = new Set([...tables.keys()].map((name) => name.toLowerCase()));
  return [...body.matchAll(TARGET)].some((match) => names.has(match.slice(1).find(Boolean)?.toLowerCase() ?? ''));
}

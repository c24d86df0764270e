import type { Cell } from '../../shared/cell.ts';
import type { LocalDatabase } from '../../storage/local-database.ts';

export type MetaName =
  | 'client_id'
  | 'client_ids'
  | 'subject'
  | 'locked'
  | 'mode'
  | 'schema'
  | 'ignored'
  | 'epoch'
  | 'former_epoch'
  | 'seq'
  | 'scopes'
  | 'lacks'
  | 'without'
  | 'has_synced'
  | 'last_synced_at'
  | 'hlc'
  | 'mutation_id'
  | 'stage'
  | 'taken_out'
  | 'term';

/** Single values by name. */
export interface Meta {
  get(name: MetaName): Cell;
  text(name: MetaName): string | null;
  number(name: MetaName): number | null;
  set(name: MetaName, value: Cell): void;
}

export function createMeta(database: LocalDatabase): Meta {
  const get = (name: MetaName): Cell =>
    database.read('SELECT value FROM _tidemark_meta WHERE name = ?', [name]).rows[0]?.[0] ?? null;
  return {
    get,
    text(name) {
      const value = get(name);
      return typeof value === 'string' ? value : null;
    },
    number(name) {
      const value = get(name);
      return typeof value === 'number' ? value : null;
    },
    set(name, value) {
      database.run(
        'INSERT INTO _tidemark_meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
        [name, value],
      );
    },
  };
}

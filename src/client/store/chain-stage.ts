import type { PullPage } from '../../protocol/messages/pull.ts';
import { SyncError } from '../../shared/error.ts';
import type { LocalDatabase } from '../../storage/local-database.ts';
import type { Meta } from './meta.ts';
import { pack, unpack } from './pack.ts';

/** The pages of a chain that is not complete, kept across restarts. */
export interface ChainStage {
  info(): { resume: string; rowsDone: number; rowsTotal: number } | null;
  add(page: PullPage): void;
  /** In order, decoded one at a time. */
  pages(): Generator<PullPage>;
  clear(): void;
}

export function createChainStage(database: LocalDatabase, meta: Meta): ChainStage {
  const count = () => Number(database.read('SELECT count(*) FROM _tidemark_stage').rows[0]?.[0] ?? 0);
  const info = () => {
    const stored = meta.get('stage');
    return stored === null ? null : unpack<{ resume: string; rowsDone: number; rowsTotal: number }>(stored);
  };
  return {
    info,
    add(page) {
      if (page.resume === null) throw new SyncError('misuse', 'The last page of a chain is applied, not staged.');
      database.run('INSERT INTO _tidemark_stage (bytes) VALUES (?)', [pack(page)]);
      meta.set('stage', pack({ resume: page.resume, ...page.progress }));
    },
    *pages() {
      const last = count();
      for (let n = 0; n < last; n++) {
        const { rows } = database.read('SELECT bytes FROM _tidemark_stage ORDER BY n LIMIT 1 OFFSET ?', [n]);
        yield unpack<PullPage>(rows[0]?.[0]);
      }
    },
    clear() {
      if (meta.get('stage') === null) return;
      database.run('DELETE FROM _tidemark_stage');
      meta.set('stage', null);
    },
  };
}

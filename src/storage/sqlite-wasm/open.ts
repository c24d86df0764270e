import { SyncError } from '../../shared/error.ts';
import type { LocalDatabase } from '../local-database.ts';
import { openMemoryDatabase } from './memory.ts';
import { type OpfsOptions, openOpfsDatabase } from './opfs.ts';

/**
 * Opens a database where the app asked for it. Where the browser offers no disk (or a private window refuses it) it lies in memory and
 * `persisted` is false. A disk that is there and fails is an error: silently starting empty would look like lost data.
 */
export async function openLocalDatabase(
  where: { readonly kind: 'opfs' | 'memory'; readonly name: string },
  options: OpfsOptions = {},
): Promise<LocalDatabase> {
  if (where.kind === 'memory') return openMemoryDatabase();
  try {
    return await openOpfsDatabase(where.name, options);
  } catch (error) {
    if (error instanceof SyncError && error.details.reason === 'unavailable') return openMemoryDatabase();
    throw error;
  }
}

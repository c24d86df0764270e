/** Runs contract cases and opens databases inside a worker, where OPFS works. */
import type { LocalDatabase } from '../../../src/storage/local-database.ts';
import { openMemoryDatabase } from '../../../src/storage/sqlite-wasm/memory.ts';
import { openOpfsDatabase } from '../../../src/storage/sqlite-wasm/opfs.ts';
import { openLocalDatabase } from '../../../src/storage/sqlite-wasm/open.ts';
import type { Cell } from '../../../src/shared/cell.ts';
import { runCase } from '../../contract/local-database.ts';

const open = new Map<string, LocalDatabase>();

function opened(name: string): LocalDatabase {
  const database = open.get(name);
  if (!database) throw new Error(`${name} is not open`);
  return database;
}

const calls = {
  runMemoryCase: (name: string) => runCase(name, openMemoryDatabase),
  runOpfsCase: (name: string) => runCase(name, () => openOpfsDatabase(crypto.randomUUID())),
  async open(name: string, waitMs: number) {
    open.set(name, await openOpfsDatabase(name, { waitMs }));
  },
  async openWhereDiskIsRefused() {
    navigator.storage.getDirectory = () => Promise.reject(new DOMException('private window', 'SecurityError'));
    const { kind, persisted } = await openLocalDatabase({ kind: 'opfs', name: 'refused' });
    return { kind, persisted };
  },
  exec: async (name: string, sql: string) => opened(name).exec(sql),
  read: async (name: string, sql: string) => opened(name).read(sql).rows,
  begin: async (name: string) => opened(name).begin(),
  integrityCheck: async (name: string) => opened(name).integrityCheck(),
  close: async (name: string) => opened(name).close(),
};

export type WorkerCalls = typeof calls;
export type { Cell };

self.onmessage = async ({ data }: MessageEvent<{ call: keyof WorkerCalls; args: never[] }>) => {
  try {
    const run: (...args: never[]) => Promise<unknown> = calls[data.call];
    self.postMessage({ result: await run(...data.args) });
  } catch (error) {
    const { message, kind, details } = error as Error & { kind?: string; details?: object };
    self.postMessage({ error: { message, kind, details } });
  }
};

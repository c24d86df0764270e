/** Runs contract cases and opens databases inside a worker, where OPFS works. */

import type { Cell } from '../../../src/shared/cell.ts';
import type { LocalDatabase } from '../../../src/storage/local-database.ts';
import { openMemoryDatabase } from '../../../src/storage/sqlite-wasm/memory.ts';
import { openLocalDatabase } from '../../../src/storage/sqlite-wasm/open.ts';
import { openOpfsDatabase } from '../../../src/storage/sqlite-wasm/opfs.ts';
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
  compact: async (name: string) => opened(name).compact(),
  /** Whether any file of the origin has this text in it. Every database must be closed. */
  isOnDisk: async (text: string) => hasText(await navigator.storage.getDirectory(), text),
  close: async (name: string) => opened(name).close(),
};

async function hasText(folder: FileSystemDirectoryHandle, text: string): Promise<boolean> {
  for await (const entry of folder.values()) {
    if (entry instanceof FileSystemDirectoryHandle) {
      if (await hasText(entry, text)) return true;
    } else if (entry instanceof FileSystemFileHandle) {
      if (new TextDecoder('latin1').decode(await (await entry.getFile()).arrayBuffer()).includes(text)) return true;
    }
  }
  return false;
}

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

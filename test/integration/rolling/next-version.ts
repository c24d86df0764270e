import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OLDEST_PROTOCOL_VERSION, PROTOCOL_VERSION } from '../../../src/protocol/version.ts';

const ROOT = join(import.meta.dirname, '../../..');

/** The package in another version of its protocol, in a folder of its own. */
export interface Release {
  /** The program that is a node or a device of it. */
  readonly peer: string;
  remove(): void;
}

export const thisRelease: Release = { peer: join(import.meta.dirname, 'peer.ts'), remove: () => undefined };

/**
 * A later release, made from a copy of the source: it counts its protocol on, and its messages have grown by what may be added,
 * required where it says so itself: fields in requests, answers and frames, and a capability nobody has heard of.
 */
export function laterRelease(ahead: number): Release {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-release-'));
  for (const part of ['src', 'test/integration/rolling', 'package.json']) {
    cpSync(join(ROOT, part), join(folder, part), { recursive: true });
  }
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  const newest = PROTOCOL_VERSION + ahead;
  const edit = (file: string, edits: readonly (readonly [from: string, to: string])[]) => {
    const path = join(folder, 'src', file);
    let text = readFileSync(path, 'utf8');
    for (const [from, to] of edits) {
      if (!text.includes(from)) throw new Error(`${file} does not hold ${JSON.stringify(from)} any more.`);
      text = text.replace(from, to);
    }
    writeFileSync(path, text);
  };
  edit('protocol/version.ts', [
    [`PROTOCOL_VERSION = ${PROTOCOL_VERSION}`, `PROTOCOL_VERSION = ${newest}`],
    [`OLDEST_PROTOCOL_VERSION = ${OLDEST_PROTOCOL_VERSION}`, `OLDEST_PROTOCOL_VERSION = ${newest - 1}`],
    [`  'gzip',\n`, `  'gzip',\n  'tides',\n`],
  ]);
  edit('protocol/messages/handshake.ts', [
    ['deviceName: v.optional(name),', 'deviceName: v.optional(name),\n  moon: v.optional(name),'],
    ['protocol: count,\n  /** The server', 'protocol: count,\n  moon: v.optional(name),\n  /** The server'],
  ]);
  edit('protocol/messages/push.ts', [
    ['export const pushRequest = v.object({', 'export const pushRequest = v.object({\n  moon: v.optional(name),'],
  ]);
  edit('client/loop/handshake.ts', [
    ['protocol: PROTOCOL_VERSION,', `protocol: PROTOCOL_VERSION,\n    ...({ moon: 'full' } as object),`],
  ]);
  edit('client/loop/push-request.ts', [['schemaVersion: ', `...({ moon: 'full' } as object),\n    schemaVersion: `]]);
  edit('server/create-service.ts', [
    ['        protocol,\n', `        protocol,\n        ...({ moon: 'new' } as object),\n`],
  ]);
  return { peer: join(folder, 'test/integration/rolling/peer.ts'), remove: () => rmSync(folder, { recursive: true }) };
}

import type { OutboxEntry } from '../client/types.ts';
import type { Cell } from '../shared/cell.ts';

export const FORMAT = 'tidemark-outbox';
export const VERSION = 1;
const BYTES_EACH = 0x8000;

export interface AboutFile {
  readonly clientId: string | null;
  readonly schemaVersion: number;
  readonly exportedAt: number;
}

/** What stands before the mutations, between two and behind them: long files are read by it, one mutation per line. */
export const OPENING = ',\n  "mutations": [\n';
export const SEPARATOR = ',\n';
export const CLOSING = '\n  ]\n}';

/** Unsent work as a file that a person keeps: everything needed to write it again, readable by any program. */
export function outboxText(entries: readonly OutboxEntry[], about: AboutFile): string {
  return `${headText(about)}${mutationsText(entries)}${CLOSING}`;
}

/** The file up to its first mutation. */
export function headText(about: AboutFile): string {
  return `${JSON.stringify({ format: FORMAT, version: VERSION, ...about }, null, 2).slice(0, -2)}${OPENING}`;
}

export function mutationsText(entries: readonly OutboxEntry[]): string {
  return entries.map(mutationText).join(SEPARATOR);
}

function mutationText({ mutationId, state, hlc, base, epoch, createdAt, changes, reason }: OutboxEntry): string {
  return JSON.stringify({ mutationId, state, hlc, base, epoch, createdAt, reason, changes }, encodeCell);
}

/** What JSON has no word for is an object with one `$` key: `$bigint`, `$real` (not finite, or −0), `$blob` (base64). */
function encodeCell(_name: string, value: Cell | object | undefined): unknown {
  if (typeof value === 'bigint') return { $bigint: String(value) };
  if (value instanceof Uint8Array) return { $blob: base64(value) };
  if (typeof value !== 'number') return value;
  if (Object.is(value, -0)) return { $real: '-0' };
  return Number.isFinite(value) ? value : { $real: String(value) };
}

function base64(bytes: Uint8Array): string {
  let text = '';
  for (let start = 0; start < bytes.length; start += BYTES_EACH) {
    text += String.fromCharCode(...bytes.subarray(start, start + BYTES_EACH));
  }
  return btoa(text);
}

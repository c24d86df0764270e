import type { OutboxEntry } from '../client/types.ts';
import type { Change } from '../core/change.ts';
import type { Cell } from '../shared/cell.ts';
import { SyncError } from '../shared/error.ts';

const FORMAT = 'tidemark-outbox';
const VERSION = 1;
const BYTES_EACH = 0x8000;

/** Unsent work as a file that a person keeps: everything needed to write it again, readable by any program. */
export function outboxText(
  entries: readonly OutboxEntry[],
  about: { readonly clientId: string | null; readonly schemaVersion: number; readonly exportedAt: number },
): string {
  const mutations = entries.map(({ mutationId, state, hlc, base, createdAt, changes, reason }) => ({
    mutationId,
    state,
    hlc,
    base,
    createdAt,
    reason,
    changes,
  }));
  return JSON.stringify({ format: FORMAT, version: VERSION, ...about, mutations }, encodeCell, 2);
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

/** A file as {@link outboxText} wrote it, as far as it is needed to write the work again. */
export interface OutboxFile {
  readonly clientId: string | null;
  readonly mutations: readonly { readonly mutationId: number; readonly changes: readonly Change[] }[];
}

/**
 * Reads such a file. Rows and values are checked when they are written.
 *
 * @throws SyncError `invalid-value` when it is none.
 */
export function parseOutboxText(text: string): OutboxFile {
  const parsed = parsedJson(text);
  if (!isRecord(parsed) || parsed.format !== FORMAT) throw noFile(`it is not of the format ${FORMAT}`);
  if (parsed.version !== VERSION) throw noFile(`its version is ${String(parsed.version)}, known is ${VERSION}`);
  if (!Array.isArray(parsed.mutations)) throw noFile('it has no list of mutations');
  const mutations = parsed.mutations.map((one: unknown, index) => {
    if (isRecord(one) && Number.isSafeInteger(one.mutationId) && isChanges(one.changes)) {
      return { mutationId: Number(one.mutationId), changes: one.changes };
    }
    throw noFile(`mutation ${index + 1} in it is none`);
  });
  return { clientId: typeof parsed.clientId === 'string' ? parsed.clientId : null, mutations };
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text, decodeCell);
  } catch (error) {
    throw noFile('it is no JSON', error);
  }
}

function decodeCell(_name: string, value: unknown): unknown {
  if (!isRecord(value)) return value;
  if (typeof value.$bigint === 'string') return BigInt(value.$bigint);
  if (typeof value.$real === 'string') return Number(value.$real);
  return typeof value.$blob === 'string' ? Uint8Array.from(atob(value.$blob), (char) => char.charCodeAt(0)) : value;
}

function isChanges(value: unknown): value is Change[] {
  return Array.isArray(value) && value.every(isChange);
}

function isChange(value: unknown): boolean {
  return (
    isRecord(value) &&
    typeof value.table === 'string' &&
    Array.isArray(value.key) &&
    (value.op === 'put' || value.op === 'patch' || value.op === 'delete') &&
    isRecord(value.columns)
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function noFile(why: string, cause?: unknown): SyncError {
  const message = `The text is no export of an outbox: ${why}. Give what outbox.export() or wipe({ unsent: 'export' }) returned.`;
  return new SyncError('invalid-value', message, { cause });
}

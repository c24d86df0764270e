import type { Change } from '../core/change.ts';
import type { Cell, Cells } from '../shared/cell.ts';
import { SyncError } from '../shared/error.ts';
import { CLOSING, FORMAT, OPENING, SEPARATOR, VERSION } from './outbox-file.ts';

/** A file as `outboxText` wrote it, as far as it is needed to write the work again. */
export interface OutboxFile {
  readonly clientId: string | null;
  readonly mutations: readonly FiledMutation[];
}

export interface FiledMutation {
  readonly mutationId: number;
  readonly changes: readonly Change[];
  /** What its writer had seen; null where the file does not tell. */
  readonly seen: { readonly epoch: string; readonly base: number } | null;
}

/**
 * Reads such a file. Rows and values are checked when they are written.
 *
 * @throws SyncError `invalid-value` when it is none.
 */
export function parseOutboxText(text: string): OutboxFile {
  const { clientId, mutations } = known(parsedJson(text));
  if (!Array.isArray(mutations)) throw noFile('it has no list of mutations');
  return { clientId: textOrNull(clientId), mutations: mutations.map(mutationOf) };
}

/** So many characters are read in one go, while the page stands still. */
const SLICE = 500_000;

/** The same of a long file: as it was written, one mutation stands in each line, and `pause` lets the page go on in between. */
export async function parseLongOutboxText(given: string, pause: () => Promise<void>): Promise<OutboxFile> {
  const text = given.trimEnd();
  const opening = text.indexOf(OPENING);
  const head = jsonOrNone(`${text.slice(0, Math.max(0, opening))}}`);
  // Somebody has laid it out anew: it may be a file all the same.
  if (text.length <= SLICE || head === undefined || !text.endsWith(CLOSING)) return parseOutboxText(text);
  const { clientId } = known(head);
  const end = text.length - CLOSING.length;
  const mutations: FiledMutation[] = [];
  let pauseAt = SLICE;
  for (let start = opening + OPENING.length; start < end; ) {
    const next = text.indexOf(SEPARATOR, start);
    const lineEnd = next < 0 || next > end ? end : next;
    const line = jsonOrNone(text.slice(start, lineEnd));
    if (line === undefined) return parseOutboxText(text);
    mutations.push(mutationOf(line, mutations.length));
    start = lineEnd + SEPARATOR.length;
    if (start < pauseAt) continue;
    await pause();
    pauseAt = start + SLICE;
  }
  return { clientId: textOrNull(clientId), mutations };
}

/** A file of this format and version. */
function known(file: unknown): Record<string, unknown> {
  if (!isRecord(file) || file.format !== FORMAT) throw noFile(`it is not of the format ${FORMAT}`);
  if (file.version !== VERSION) throw noFile(`its version is ${String(file.version)}, known is ${VERSION}`);
  return file;
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function mutationOf(one: unknown, index: number): FiledMutation {
  if (isRecord(one) && Number.isSafeInteger(one.mutationId) && isChanges(one.changes)) {
    try {
      return { mutationId: Number(one.mutationId), changes: one.changes.map(decodeChange), seen: seenBy(one) };
    } catch (error) {
      throw noFile(`mutation ${index + 1} in it holds a value that is none`, error);
    }
  }
  throw noFile(`mutation ${index + 1} in it is none`);
}

function seenBy({ epoch, base }: Record<string, unknown>): FiledMutation['seen'] {
  const isTold = typeof epoch === 'string' && typeof base === 'number' && Number.isSafeInteger(base) && base >= 0;
  return isTold ? { epoch, base } : null;
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw noFile('it is no JSON', error);
  }
}

function jsonOrNone(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Only cells are looked at: a reviver would be called for each part of a file that may be long, while the page stands still. */
function decodeChange(change: Change): Change {
  const { key, columns, old } = change;
  return {
    ...change,
    key: key.map(decodeCell),
    columns: decodeCells(columns),
    ...(old ? { old: decodeCells(old) } : {}),
  };
}

function decodeCells(cells: Cells): Cells {
  return Object.fromEntries(Object.entries(cells).map(([name, cell]) => [name, decodeCell(cell)]));
}

function decodeCell(cell: Cell): Cell {
  if (!isRecord(cell)) return cell;
  if (typeof cell.$bigint === 'string') return BigInt(cell.$bigint);
  if (typeof cell.$real === 'string') return Number(cell.$real);
  return typeof cell.$blob === 'string' ? Uint8Array.from(atob(cell.$blob), (char) => char.charCodeAt(0)) : cell;
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

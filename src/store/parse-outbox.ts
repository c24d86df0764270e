import type { Change } from '../core/change.ts';
import type { Cell, Cells } from '../shared/cell.ts';
import { SyncError } from '../shared/error.ts';
import { FORMAT, VERSION } from './outbox-file.ts';

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
  const parsed = parsedJson(text);
  if (!isRecord(parsed) || parsed.format !== FORMAT) throw noFile(`it is not of the format ${FORMAT}`);
  if (parsed.version !== VERSION) throw noFile(`its version is ${String(parsed.version)}, known is ${VERSION}`);
  if (!Array.isArray(parsed.mutations)) throw noFile('it has no list of mutations');
  const mutations = parsed.mutations.map((one: unknown, index) => {
    if (isRecord(one) && Number.isSafeInteger(one.mutationId) && isChanges(one.changes)) {
      try {
        return { mutationId: Number(one.mutationId), changes: one.changes.map(decodeChange), seen: seenBy(one) };
      } catch (error) {
        throw noFile(`mutation ${index + 1} in it holds a value that is none`, error);
      }
    }
    throw noFile(`mutation ${index + 1} in it is none`);
  });
  return { clientId: typeof parsed.clientId === 'string' ? parsed.clientId : null, mutations };
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

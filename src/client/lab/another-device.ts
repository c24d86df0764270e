import type { Change } from '../../core/change.ts';
import { hlcMs, makeHlc } from '../../core/hlc.ts';
import type { ColumnKind, Schema } from '../../core/schema.ts';
import type { PushRequest } from '../../protocol/messages/push.ts';
import { CAPABILITIES, PROTOCOL_VERSION } from '../../protocol/version.ts';
import type { Cell } from '../../shared/cell.ts';
import type { Transport } from '../../transport/transport.ts';

export interface AnotherDeviceOptions {
  readonly schema: Schema;
  readonly openTransport: () => Transport;
  readonly uuid: () => string;
}

type PushedMutation = PushRequest['mutations'][number];

/** A second device of the same person, which writes where this one is about to write. The conflict is a real one. */
export class AnotherDevice {
  readonly #options: AnotherDeviceOptions;
  #transport: Transport | null = null;

  constructor(options: AnotherDeviceOptions) {
    this.#options = options;
  }

  /** Writes other values to the columns that the request changes first. False when it has none, or when the write failed. */
  async meets({ mutations, schemaVersion }: PushRequest, signal: AbortSignal | undefined): Promise<boolean> {
    for (const mutation of mutations) {
      for (const change of mutation.changes) {
        const other = this.#other(change);
        if (other) return this.#write({ mutation, change: other, schemaVersion }, signal);
      }
    }
    return false;
  }

  close(): void {
    this.#transport?.close();
  }

  #other(change: Change): Change | null {
    if (change.op !== 'patch') return null;
    const columns: Record<string, Cell> = {};
    for (const [name, cell] of Object.entries(change.columns)) {
      const kind = this.#options.schema.tables[change.table]?.columns[name]?.kind;
      const value = kind && otherValue(kind, cell);
      if (value !== undefined) columns[name] = value;
    }
    if (Object.keys(columns).length === 0) return null;
    return { table: change.table, key: change.key, op: 'patch', columns };
  }

  async #write(
    { mutation, change, schemaVersion }: { mutation: PushedMutation; change: Change; schemaVersion: number },
    signal: AbortSignal | undefined,
  ): Promise<boolean> {
    const { openTransport, uuid } = this.#options;
    this.#transport ??= openTransport();
    const clientId = uuid();
    // A moment before: where the last write wins, it is this device's.
    const hlc = makeHlc(hlcMs(mutation.hlc) - 1, 0);
    try {
      await this.#transport.handshake(
        { protocol: PROTOCOL_VERSION, schemaVersion, clientId, capabilities: [...CAPABILITIES], deviceName: 'Lab' },
        signal,
      );
      const { outcomes } = await this.#transport.push(
        {
          clientId,
          schemaVersion,
          mutations: [{ mutationId: 1, hlc, base: mutation.base, changes: [change] }],
          decides: [],
        },
        signal,
      );
      return outcomes[0]?.outcome === 'applied' || outcomes[0]?.outcome === 'merged';
    } catch {
      // The condition stays armed; the push itself goes on and tells what is wrong.
      return false;
    }
  }
}

const OTHERS: Partial<Readonly<Record<ColumnKind, (cell: Cell) => Cell>>> = {
  text: (cell) => `${cell ?? ''} (by another device)`,
  integer: (cell) => (typeof cell === 'bigint' ? cell - 1n : Number(cell ?? 0) + 1),
  real: (cell) => Number(cell ?? 0) + 1,
  boolean: (cell) => (cell === 1 ? 0 : 1),
};

/** Another value that the column can hold; undefined for kinds where a made-up one could break more than it shows. */
function otherValue(kind: ColumnKind, cell: Cell): Cell | undefined {
  return OTHERS[kind]?.(cell);
}

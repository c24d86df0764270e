import type { Signal } from '../records.ts';
import type { Transaction } from './connection.ts';

/** Longer than a node needs to look, with a connection to the database that fails now and then. */
const KEPT = `interval '10 minutes'`;

/** Writes what the other nodes are to hear. Returns its id. */
export async function saveSignal(transaction: Transaction, signal: Signal): Promise<string> {
  const name = signal.kind === 'revoked' ? signal.clientId : signal.subject;
  const sql = 'INSERT INTO tidemark.signal (kind, name) VALUES ($1, $2) RETURNING id';
  return String((await transaction.get(sql, [signal.kind, name]))?.[0]);
}

export async function dropOldSignals(transaction: Transaction): Promise<void> {
  await transaction.all(`DELETE FROM tidemark.signal WHERE at < clock_timestamp() - ${KEPT}`);
}

/**
 * Which signals are news to this node. All that are kept are read each time, few as they are: their ids are taken before their
 * transactions commit, so that none can be skipped by looking only beyond the greatest that was seen.
 */
export class SignalReader {
  #heard: ReadonlySet<string> = new Set();

  async read(transaction: Transaction): Promise<Signal[]> {
    const rows = await transaction.all('SELECT id, kind, name FROM tidemark.signal ORDER BY id');
    const heard = this.#heard;
    this.#heard = new Set(rows.map(([id]) => String(id)));
    return rows.filter(([id]) => !heard.has(String(id))).flatMap(([, kind, name]) => toSignal(kind, name));
  }

  /** This node need not hear what it said itself. */
  skip(ids: readonly string[]): void {
    if (ids.length > 0) this.#heard = new Set([...this.#heard, ...ids]);
  }
}

/** A newer node may have more to say: that is not for this one. */
function toSignal(kind: unknown, name: unknown): Signal[] {
  const text = typeof name === 'string' ? name : null;
  if (kind === 'access') return [{ kind, subject: text }];
  return kind === 'revoked' && text !== null ? [{ kind, clientId: text }] : [];
}

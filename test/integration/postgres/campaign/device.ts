import type { Sync } from '../../../../src/client/sync.ts';
import { sql } from '../../../../src/core/sql.ts';
import { createSync } from '../../../../src/store/create-sync.ts';
import type { Random } from '../../../e2e/chaos/random.ts';
import { NOTE_COUNT, schema } from './schema.ts';

/** Not more than so many writes of a device are under way. */
const UNSETTLED = 20;

export interface DeviceOptions {
  readonly name: string;
  readonly url: string;
  readonly random: Random;
  /** A write was acknowledged by the server. */
  readonly onAcknowledged: (id: string) => void;
  readonly onViolation: (what: string) => void;
}

/** A client as apps have it, in memory: it lives through the whole campaign, so everything it wrote has to arrive. */
export class Device {
  readonly #options: DeviceOptions;
  readonly #sync: Sync<typeof schema>;
  readonly #unsettled = new Set<Promise<void>>();
  readonly #stopWatching: () => void;
  /** The ids of all its entries. */
  readonly written: string[] = [];

  constructor(options: DeviceOptions) {
    this.#options = options;
    this.#sync = createSync({
      schema,
      server: { url: options.url },
      autoSync: { intervalMs: 500, debounceMs: 1 },
    });
    this.#stopWatching = this.#watchForTorn();
  }

  /** A transaction is there as a whole or not at all, at every moment. */
  #watchForTorn(): () => void {
    const torn = this.#sync.liveQuery(
      sql<{
        writer: string;
        tx: number;
      }>`SELECT writer, tx FROM entry GROUP BY writer, tx HAVING count(*) <> max(total)`,
    );
    const stop = torn.subscribe(() => {
      const [row] = torn.getSnapshot().rows ?? [];
      if (row) this.#options.onViolation(`${this.#options.name} saw a part of transaction ${row.tx} of ${row.writer}`);
    });
    return () => {
      stop();
      torn.close();
    };
  }

  async writeUntil(stopped: AbortSignal): Promise<void> {
    while (!stopped.aborted) {
      if (this.#unsettled.size >= UNSETTLED) await Promise.race(this.#unsettled);
      else await this.#write();
    }
  }

  async #write(): Promise<void> {
    const { name, random, onAcknowledged, onViolation } = this.#options;
    const tx = this.written.length;
    const id = `${name}.${tx}`;
    const receipt = await this.#sync.write(async (write) => {
      await write.insert('entry', { id, writer: name, tx, total: 1 });
      await write.run(sql`UPDATE tally SET sum = sum + 1 WHERE id = 'all'`);
      if (random.next() < 0.2) {
        const note = `note-${random.between(1, NOTE_COUNT)}`;
        await write.run(sql`INSERT INTO note (id, body, by) VALUES (${note}, ${id}, ${name})
          ON CONFLICT (id) DO UPDATE SET body = excluded.body, by = excluded.by`);
      }
    });
    this.written.push(id);
    const settling: Promise<void> = receipt.settled.then(({ outcome, reason }) => {
      this.#unsettled.delete(settling);
      if (outcome === 'applied' || outcome === 'merged') onAcknowledged(id);
      else onViolation(`${id} was answered with ${outcome}: ${reason?.message ?? 'without a reason'}`);
    });
    this.#unsettled.add(settling);
  }

  /** Resolves once the device has the tally: before, it would count nothing. */
  async begin(): Promise<void> {
    for (let isThere = false; !isThere; ) {
      await this.#sync.sync().catch(() => undefined);
      isThere = (await this.#sync.query(sql`SELECT id FROM tally`)).length > 0;
    }
  }

  /** Resolves once all that it wrote has been answered, and it has heard of everything. */
  async calm(): Promise<void> {
    while (this.#unsettled.size > 0) await Promise.all([...this.#unsettled, this.#sync.sync().catch(() => undefined)]);
    await this.#sync.sync().catch(() => undefined);
  }

  /** All rows, as one text per table. */
  async content(): Promise<Record<'entry' | 'tally' | 'note', string>> {
    const text = async (rows: Promise<object[]>) => JSON.stringify((await rows).map((row) => Object.values(row)));
    return {
      entry: await text(this.#sync.query(sql`SELECT id, writer, tx, total FROM entry ORDER BY id`)),
      tally: await text(this.#sync.query(sql`SELECT id, sum FROM tally ORDER BY id`)),
      note: await text(this.#sync.query(sql`SELECT id, body, by FROM note ORDER BY id`)),
    };
  }

  async close(): Promise<void> {
    this.#stopWatching();
    await this.#sync.close();
  }
}

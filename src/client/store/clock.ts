import { type Hlc, hlcMs, nextHlc, observeHlc, ZERO_HLC } from '../../core/hlc.ts';
import type { Runtime } from '../../shared/runtime.ts';
import type { LocalDatabase } from '../../storage/local-database.ts';
import type { Meta } from './meta.ts';

/**
 * The stamps and ids of this device. Both only ever rise, across restarts too: they are read back from the log of
 * writes, from the outbox and from what was noted when a pull brought later stamps.
 */
export interface DeviceClock {
  readonly lastHlc: Hlc;
  /** The stamp of a write made now. Not kept until `took`. */
  stamp(now: number): Hlc;
  readonly nextMutationId: number;
  /** A mutation with this id and stamp has been written down. */
  took(mutationId: number, hlc: Hlc): void;
  /** Ids and stamps that no row of ours keeps: noted durably. */
  persist(): void;
  /** Stamps of others: later writes of this device come after them. */
  observe(hlc: Hlc): void;
  load(): void;
}

/**
 * Where the counter of a stamp begins: somewhere in the lower half. So two copies of one database hardly ever give the same counter to
 * their next mutation, which is how they are told apart, also where the server has set a stamp back.
 */
const COUNTER_START = 0x8000;

export function createDeviceClock(
  database: LocalDatabase,
  meta: Meta,
  { random }: Pick<Runtime, 'random'>,
): DeviceClock {
  let lastHlc: Hlc = ZERO_HLC;
  let lastId = 0;
  /**
   * Whether the last stamp was given here, since the database was opened. Where the wall clock is behind that stamp, only then may be
   * counted on: a database that was set back (a power cut, a copy) would give the next mutation the very stamp that one before the
   * setback had, and two copies that have both heard of somebody's later stamp would give the same to two mutations.
   */
  let isOwn = false;
  return {
    get lastHlc() {
      return lastHlc;
    },
    stamp(now) {
      const time = isOwn ? now : Math.max(now, hlcMs(lastHlc) + 1);
      return nextHlc(lastHlc, time, Math.floor(random() * COUNTER_START));
    },
    get nextMutationId() {
      return lastId + 1;
    },
    took(mutationId, hlc) {
      lastId = Math.max(lastId, mutationId);
      lastHlc = observeHlc(lastHlc, hlc);
      isOwn = true;
    },
    persist() {
      meta.set('hlc', lastHlc);
      meta.set('mutation_id', lastId);
    },
    observe(hlc) {
      if (hlc <= lastHlc) return;
      lastHlc = hlc;
      isOwn = false;
      meta.set('hlc', hlc);
    },
    load() {
      isOwn = false;
      const [row] = database.read(
        `SELECT max(id), max(hlc) FROM (
           SELECT max(mutation_id) AS id, max(hlc) AS hlc FROM _tidemark_outbox
           UNION ALL SELECT max(mutation_id), max(hlc) FROM _tidemark_write)`,
      ).rows;
      lastId = Math.max(Number(row?.[0] ?? 0), meta.number('mutation_id') ?? 0);
      lastHlc = observeHlc(String(row?.[1] ?? ZERO_HLC), meta.text('hlc') ?? ZERO_HLC);
    },
  };
}

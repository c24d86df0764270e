import type { Outbox, OutboxItem } from './outbox.ts';
import type { Overlay } from './overlay.ts';
import type { PendingRows } from './pending-rows.ts';
import type { RowRef } from './row-access.ts';

/**
 * What waits behind what. A mutation waits while an earlier one on any of its rows is conflicted, rejected, held or
 * itself waiting; all others flow on.
 */
export interface Parking {
  /** The position of the mutation that one at `position` with these rows waits for; null when it may go. */
  blockerOf(rows: readonly RowRef[], position: number): OutboxItem | null;
  isBlocked(rows: readonly RowRef[], position: number): boolean;
  /** Parks what has to wait behind these, and what waits behind that. */
  parkBehind(blockers: readonly OutboxItem[]): void;
  /** Something on these rows is out of the way: lets go of what waits for nothing any more, and of what waits for that. */
  release(rows: readonly RowRef[]): void;
}

const BLOCKING: ReadonlySet<OutboxItem['state']> = new Set(['conflicted', 'rejected', 'parked', 'held']);

export function createParking(outbox: Outbox, rows: PendingRows, overlay: Overlay): Parking {
  const hasBlockers = () => [...BLOCKING].some((state) => outbox.count(state) > 0);

  const blockerOf: Parking['blockerOf'] = (touched, position) => {
    if (!hasBlockers()) return null;
    for (const { table, keyText } of touched) {
      for (const other of rows.get(table, keyText)?.positions ?? []) {
        const item = other < position ? outbox.at(other) : undefined;
        if (item && BLOCKING.has(item.state)) return item;
      }
    }
    return null;
  };

  /** In order. */
  const itemsOn = ({ table, keyText }: RowRef): OutboxItem[] =>
    (rows.get(table, keyText)?.positions ?? []).flatMap((position) => outbox.at(position) ?? []);

  const behind = (blocker: OutboxItem): OutboxItem[] => {
    const found = overlay.rowsOf(blocker).flatMap(itemsOn);
    return [...new Set(found)].filter(({ state, position }) => state === 'pending' && position > blocker.position);
  };

  return {
    blockerOf,
    isBlocked: (touched, position) => blockerOf(touched, position) !== null,
    parkBehind(blockers) {
      const queue = [...blockers];
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        for (const item of behind(next)) queue.push(outbox.update(item, { state: 'parked' }));
      }
    },
    release(freed) {
      const queue = [...freed];
      for (let next = queue.shift(); next !== undefined && outbox.count('parked') > 0; next = queue.shift()) {
        for (const item of itemsOn(next)) {
          const touched = item.state === 'parked' ? overlay.rowsOf(item) : [];
          if (touched.length === 0 || blockerOf(touched, item.position) !== null) continue;
          outbox.update(item, { state: 'pending' });
          queue.push(...touched);
        }
      }
    },
  };
}

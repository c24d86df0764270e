import { applyPatch, type Change } from '../../core/change.ts';
import { COPIED, type ConflictReport, type Outcome, type PushResponse } from '../../protocol/messages/push.ts';
import { type Cells, keyText } from '../../shared/cell.ts';
import type { SettleResult } from '../local-store.ts';
import type { MutationOutcome } from '../types.ts';
import { type ChangeCollector, collectChanges } from './changed-rows.ts';
import type { ClientIds } from './client-ids.ts';
import type { ConflictRecord, ConflictRecords, StoredResolution } from './conflict-records.ts';
import type { Images } from './images.ts';
import type { Outbox, OutboxItem } from './outbox.ts';
import { isShown, type Overlay } from './overlay.ts';
import type { Parking } from './parking.ts';

/** Takes in what the server decided. Answers to mutations that are settled already change nothing. */
export function createSettle(parts: {
  readonly outbox: Outbox;
  readonly overlay: Overlay;
  readonly images: Images;
  readonly conflicts: ConflictRecords;
  readonly parking: Parking;
  readonly clientIds: ClientIds;
  readonly cursor: () => { readonly epoch: string; readonly seq: number } | null;
}): (response: PushResponse, now: number) => SettleResult {
  const { outbox, overlay, images, conflicts, parking, clientIds } = parts;

  /** Takes a mutation out and shows its rows without it. */
  const drop = (item: OutboxItem, changed: ChangeCollector) => {
    const rows = isShown(item) ? overlay.rowsOf(item) : [];
    outbox.remove(item);
    for (const row of rows) overlay.show(row, changed);
  };

  const accept = (item: OutboxItem, { outcome, response }: Answer, changed: ChangeCollector) => {
    // Without an effect of its own it goes once everything that overruled it has been pulled.
    const untilSeq = outcome.seq ?? response.head;
    const cursor = parts.cursor();
    const isPast = cursor !== null && cursor.epoch === response.epoch && cursor.seq >= untilSeq;
    if (item.isEchoed || isPast) drop(item, changed);
    else outbox.update(item, { state: 'accepted', untilSeq, epoch: response.epoch });
  };

  const reject = (item: OutboxItem, { outcome }: Answer, changed: ChangeCollector) => {
    const reason = outcome.reason ?? { code: 'rejected', message: 'The server gave no reason.' };
    const rows = isShown(item) ? overlay.rowsOf(item) : [];
    const rejected = outbox.update(item, { state: 'rejected', reason });
    for (const row of rows) overlay.show(row, changed);
    parking.parkBehind([rejected]);
  };

  const record = (item: OutboxItem, { outcome, now }: Answer): ConflictRecord[] =>
    outcome.conflicts.flatMap((report, index) => {
      const row = { table: report.table, key: report.key, keyText: keyText(report.key) };
      const change = outbox.reader.changeOf(item.position, row.table, row.keyText);
      const image = images.get(row.table, row.keyText);
      // What had a commit may have lost its image to its echo: then, and wherever the server tells of the row, memory has no part in it.
      const isRemembered = !report.remote && !report.image && outcome.seq === null;
      const seen = isRemembered ? overlay.stack(row, image && (image.seen ?? image.columns), item.position) : null;
      const made = toRecord(report, { item, change, seen, id: `${item.mutationId}.${index}`, now });
      return conflicts.add(made) ? [made] : [];
    });

  return (response, now) => {
    const changed = collectChanges();
    const settled: MutationOutcome[] = [];
    const records: ConflictRecord[] = [];
    let isRenewed = false;
    for (const outcome of response.outcomes) {
      const item = outbox.byMutation(outcome.mutationId);
      if (!item || isSettled(item)) continue;
      if (outcome.reason?.code === COPIED) {
        // It stays to be sent, under an id of this database's own. Its echo may have come: then a copy has sent it under that id.
        if (!isRenewed) clientIds.renew(item);
        isRenewed = true;
        continue;
      }
      const answer = { outcome, response, now };
      records.push(...record(item, answer));
      if (outcome.outcome === 'rejected') reject(item, answer, changed);
      else if (outcome.outcome === 'conflict') parking.parkBehind([outbox.update(item, { state: 'conflicted' })]);
      else accept(item, answer, changed);
      settled.push(toOutcome(outcome));
    }
    const shown = records.map((one) => conflicts.toPublic(one));
    return {
      isRenewed,
      settled,
      openConflicts: shown.filter(({ state }) => state === 'open'),
      decidedConflicts: shown.filter(({ state }) => state === 'resolved'),
      changed: changed.rows,
    };
  };
}

interface Answer {
  readonly outcome: Outcome;
  readonly response: PushResponse;
  readonly now: number;
}

function isSettled({ state }: OutboxItem): boolean {
  return state === 'accepted' || state === 'conflicted' || state === 'rejected';
}

function toOutcome({ mutationId, outcome, seq, reason }: Outcome): MutationOutcome {
  return { mutationId, outcome, seq, reason: reason ?? null };
}

function toRecord(
  report: ConflictReport,
  local: {
    readonly item: OutboxItem;
    readonly change: Change | undefined;
    /** Of a row that is gone for the server too, what the device remembers of it before this change. */
    readonly seen: Cells | null;
    readonly id: string;
    readonly now: number;
  },
): ConflictRecord {
  const { item, change, seen, id, now } = local;
  const base = baseRow(change, report.remote ?? report.image ?? seen);
  const mine = localRow(change, base);
  const record = {
    id,
    mutationId: item.mutationId,
    table: report.table,
    key: report.key,
    kind: report.kind,
    columns: report.columns,
    base,
    local: mine,
    remote: report.remote,
    ...(report.parents ? { parents: report.parents } : {}),
    ...(report.children ? { children: report.children } : {}),
    remoteSeq: report.remoteSeq,
    remoteClientId: report.remoteAuthor.clientId,
    remoteHlc: report.remoteAuthor.hlc,
    localHlc: item.hlc,
    detectedAt: now,
    resolution: null,
  };
  const decided = Object.keys(report.decided).length > 0;
  return decided ? { ...record, resolution: decidedBy(report, mine, now) } : record;
}

/**
 * The row before the change: what was noted with it, and in the columns that it does not touch what the server has. These are the same
 * however the device came to hear of the conflict, and nothing but what the two sides wrote differs between the three rows.
 */
function baseRow(change: Change | undefined, around: Cells | null): Cells | null {
  if (change === undefined) return around;
  if (change.op === 'put' && change.old === undefined) return null;
  return { ...around, ...change.old };
}

/** That row with the change on it. */
function localRow(change: Change | undefined, base: Cells | null): Cells | null {
  if (change === undefined || change.op === 'delete') return null;
  if (change.op === 'put') return { ...base, ...change.columns };
  return applyPatch(base ?? {}, change);
}

function decidedBy(report: ConflictReport, local: Cells | null, at: number): StoredResolution {
  const winners = new Set(Object.values(report.decided).map(({ winner }) => winner));
  const [only] = winners;
  const choice = winners.size === 1 && only ? only : 'merged';
  const values: Record<string, Cells[string]> = {};
  for (const column of report.columns) {
    const winner = (report.decided[column] ?? report.decided['*'])?.winner;
    const cell = (winner === 'local' ? local : report.remote)?.[column];
    if (cell !== undefined) values[column] = cell;
  }
  const endsDeleted = choice === 'local' ? local === null : choice === 'remote' && report.remote === null;
  return { by: 'policy', choice, policies: report.decided, values: endsDeleted ? null : values, at };
}

import type { Cursor } from '../../core/change.ts';
import { familyOf } from '../../core/client-family.ts';
import { isBoundHlc } from '../../core/hlc.ts';
import { ALL_SCOPES } from '../../core/scope.ts';
import { quoteName } from '../../core/sql.ts';
import type { PulledTransaction, PullPage, StoredOutcome } from '../../protocol/messages/pull.ts';
import type { PushResponse } from '../../protocol/messages/push.ts';
import { SyncError } from '../../shared/error.ts';
import type { LocalDatabase } from '../../storage/local-database.ts';
import type { ApplyResult, SettleResult } from '../local-store.ts';
import { createRowApplier, type RowApplier } from './apply-rows.ts';
import type { ChainStage } from './chain-stage.ts';
import { type ChangeCollector, collectChanges } from './changed-rows.ts';
import type { ClientIds } from './client-ids.ts';
import type { DeviceClock } from './clock.ts';
import type { ConflictRecords } from './conflict-records.ts';
import { droppedScopes, dropScopes } from './drop-scopes.ts';
import { advance, type Images } from './images.ts';
import type { LocalTables } from './local-table.ts';
import { lowerBases } from './lower-bases.ts';
import type { Outbox, OutboxItem } from './outbox.ts';
import { isShown, type Overlay } from './overlay.ts';
import type { PendingRows } from './pending-rows.ts';
import { createRebase, type Rebase } from './rebase.ts';
import type { SyncPosition } from './sync-position.ts';
import type { UnknownRows } from './unknown-rows.ts';

export interface ChainParts {
  readonly database: LocalDatabase;
  readonly tables: LocalTables;
  readonly outbox: Outbox;
  readonly rows: PendingRows;
  readonly images: Images;
  readonly overlay: Overlay;
  readonly clock: DeviceClock;
  readonly stage: ChainStage;
  readonly unknown: UnknownRows;
  readonly position: SyncPosition;
  readonly conflicts: ConflictRecords;
  readonly clientIds: ClientIds;
  readonly settle: (response: PushResponse, now: number) => SettleResult;
}

/** What one application gathers. */
interface Run {
  readonly rebase: Rebase;
  readonly applier: RowApplier;
  readonly changed: ChangeCollector;
  readonly echoed: number[];
  readonly told: StoredOutcome[];
  readonly end: Cursor;
  changeCount: number;
}

/**
 * Applies the staged pages and the last one, and moves the cursor. Called inside one transaction and while nothing is
 * captured: of a chain all is applied or nothing.
 *
 * @throws SyncError `protocol` for a chain that does not start where this device stands, `epoch` for one of another
 * history, `resync` when it changes a row that is not here.
 */
export function applyChain(parts: ChainParts, last: PullPage, now: number): ApplyResult {
  const end = checkEnd(last);
  const { rebase, changed } = startRun(parts);
  const applier = createRowApplier({ ...parts, rebase, changed });
  const run: Run = { rebase, applier, changed, echoed: [], told: [], end, changeCount: 0 };
  let lost: LostScopes | null = null;
  for (const page of chain(parts, last)) {
    if (lost === null) lost = begin(parts, run, { first: page, last });
    else if (page.epoch !== last.epoch) throw new SyncError('protocol', 'The pages of a chain are of two histories.');
    applyPage(parts, run, page);
  }
  const { dropped = [], lacks = [] } = lost ?? {};
  finishAnswered(parts, run, end);
  rebase.finish(changed);
  parts.stage.clear();
  lowerBases(parts, end.epoch, last.formerEpochs);
  parts.position.move({ cursor: end, scopes: last.scopes, lacks, now });
  const answered = settleTold(parts, run, now);
  return {
    changed: changed.rows,
    changeCount: run.changeCount,
    tables: [...changed.rows.keys()],
    droppedScopes: dropped,
    echoed: run.echoed,
    answered,
  };
}

/** What is not held any more when a chain has been applied, and what is left out then. */
interface LostScopes {
  readonly dropped: readonly string[];
  readonly lacks: readonly string[];
}

/**
 * Takes the rows of lost scopes away before anything of the chain is applied. Only then is it certain where each row is: the chain tells
 * no more of them. What has moved away within a lost scope would seem to hang below a row that the chain brings into one that stays.
 */
function dropLost(parts: ChainParts, run: Run, { last, isFresh }: { last: PullPage; isFresh: boolean }): LostScopes {
  const { position } = parts;
  const held = position.cursor === null ? [] : position.scopes;
  const lacks = lackedAfter(parts, last, isFresh);
  const dropped = droppedScopes({ held, lacked: position.lacks }, { held: last.scopes, lacked: lacks });
  dropScopes({ ...parts, changed: run.changed, dropped, kept: last.scopes, isFresh });
  return { dropped, lacks };
}

/** A server that knows nothing of scopes left out brings all of them, and takes it that all are here. */
function lackedAfter({ position }: ChainParts, last: PullPage, isFresh: boolean): readonly string[] {
  const isIgnored = last.without === undefined && !isFresh && last.scopes.includes(ALL_SCOPES);
  if (!isIgnored || position.lacks.length === 0) return last.without ?? [];
  throw new SyncError('resync', 'The server does not know that scopes were left out here: they are fetched anew.');
}

function startRun({ overlay, images, rows }: ChainParts) {
  return { rebase: createRebase(overlay, images, rows), changed: collectChanges() };
}

function checkEnd(last: PullPage): Cursor {
  if (last.resume === null && last.cursor !== null) return last.cursor;
  throw new SyncError('protocol', 'The last page of a chain has no cursor, or says that it is not the last.');
}

function* chain({ stage }: ChainParts, last: PullPage): Generator<PullPage> {
  yield* stage.pages();
  yield last;
}

/** Checks that the chain fits on what is here, and makes room for what it replaces. */
function begin(parts: ChainParts, run: Run, { first, last }: { first: PullPage; last: PullPage }): LostScopes {
  const { cursor } = parts.position;
  if (cursor !== null && cursor.epoch !== first.epoch) {
    throw new SyncError('epoch', 'The server has another history than this device. Fetch the database anew.');
  }
  // Zero where a snapshot starts anew; otherwise a chain stands on exactly what was applied before.
  const isFresh = first.from === 0 && first.replaces.length > 0;
  if (!isFresh && first.from !== (cursor?.seq ?? 0)) {
    throw new SyncError('protocol', `A chain starts at ${first.from}, and this device stands at ${cursor?.seq ?? 0}.`, {
      details: { from: first.from, cursor: cursor?.seq ?? 0 },
    });
  }
  if (run.end.seq < (cursor?.seq ?? 0)) {
    throw new SyncError(
      'protocol',
      `A chain ends at ${run.end.seq}, before ${cursor?.seq ?? 0}, where this device stands.`,
    );
  }
  const lost = dropLost(parts, run, { last, isFresh });
  // Before the first chain nothing is confirmed. After a reset nothing counts as confirmed: the chain brings all of it.
  if (!parts.position.hasSynced) return lost;
  const replaced = cursor === null ? [...parts.tables.keys()] : first.replaces;
  for (const name of replaced) clearConfirmed(parts, run, name);
  return lost;
}

/** Takes the confirmed rows of a table away. Pending changes are put back on top when the chain has been applied. */
function clearConfirmed({ database, tables, rows, overlay, images }: ChainParts, run: Run, name: string): void {
  const of = tables.get(name);
  if (!of) return;
  for (const [keyText, { key }] of rows.of(name)) {
    if (!overlay.covers(name, keyText)) continue;
    images.set(name, keyText, advance(images.get(name, keyText), null));
    run.rebase.touch({ table: name, key, keyText });
  }
  if (database.run(`DELETE FROM ${quoteName(name)}`) > 0) run.changed.addAll(name);
}

function applyPage(parts: ChainParts, run: Run, page: PullPage): void {
  for (const block of page.snapshot) run.changeCount += run.applier.snapshot(block);
  for (const transaction of page.transactions) applyTransaction(parts, run, transaction);
  run.told.push(...(page.outcomes ?? []));
}

function applyTransaction(parts: ChainParts, run: Run, transaction: PulledTransaction): void {
  const { position } = parts;
  if (position.cursor !== null && transaction.seq <= position.cursor.seq) {
    throw new SyncError('protocol', `A chain repeats the commit ${transaction.seq}, which has been applied.`);
  }
  for (const change of transaction.changes) run.applier.change(change);
  run.changeCount += transaction.changes.length;
  parts.clock.observe(transaction.hlc);
  echo(parts, run, transaction);
}

/**
 * A mutation of this device may have come back: then what is confirmed now includes it. It may have gone up under another id than it
 * has here: by a copy of this database that holds it too and found out sooner, or later, that there are two.
 */
function echo(parts: ChainParts, run: Run, { clientId, mutationId, hlc }: PulledTransaction): void {
  if (mutationId === null || clientId === null || familyOf(clientId) !== familyOf(parts.clientIds.current)) return;
  const item = parts.outbox.byMutation(mutationId);
  // Copies use one number for different mutations. The stamp tells which it is.
  if (!item || item.isEchoed || !isBoundHlc(hlc, item.hlc)) return;
  run.echoed.push(mutationId);
  if (item.state === 'accepted') {
    retire(parts, run, item);
    return;
  }
  // Its outcome has yet to come, with the conflicts that were decided: it stays queued, no longer shown.
  uncover(parts, run, item);
  parts.outbox.update(item, { isEchoed: true, epoch: run.end.epoch });
}

/** Looks after mutations whose effect must have come by now, under another name or filtered away. */
function finishAnswered(parts: ChainParts, run: Run, end: Cursor): void {
  for (const item of [...parts.outbox.items()]) {
    const isElsewhere = item.epoch !== null && item.epoch !== end.epoch;
    if (isElsewhere) sendAnew(parts, run, item);
    else if (item.state === 'accepted' && item.untilSeq !== null && item.untilSeq <= end.seq) retire(parts, run, item);
  }
}

/**
 * Rows of a snapshot do not say who wrote them. What the server tells to be in them is settled in this very transaction:
 * nobody sees it twice, in the snapshot and on top of it. A mutation of another stamp is that of a copy of this database.
 */
function settleTold(parts: ChainParts, { told, end, changed }: Run, now: number): SettleResult | null {
  const outcomes = told.flatMap(({ hlc, ...outcome }) => {
    const isThere = outcome.seq !== null && outcome.seq <= end.seq;
    return isThere && parts.outbox.byMutation(outcome.mutationId)?.hlc === hlc ? [outcome] : [];
  });
  if (outcomes.length === 0) return null;
  const result = parts.settle({ epoch: end.epoch, outcomes, head: end.seq }, now);
  changed.addEach(result.changed);
  return result;
}

/** Accepted in a history that is gone: this one may not have it. Sent again, it has an effect at most once. */
function sendAnew({ outbox, overlay }: ChainParts, run: Run, item: OutboxItem): void {
  for (const row of overlay.rowsOf(item)) {
    overlay.keepImage(row);
    run.rebase.touch(row);
  }
  const state = item.state === 'accepted' ? 'pending' : item.state;
  outbox.update(item, { state, isEchoed: false, untilSeq: null, epoch: null });
}

function retire(parts: ChainParts, run: Run, item: OutboxItem): void {
  uncover(parts, run, item);
  parts.outbox.remove(item);
}

function uncover({ overlay }: ChainParts, run: Run, item: OutboxItem): void {
  if (!isShown(item)) return;
  for (const row of overlay.rowsOf(item)) run.rebase.touch(row);
}

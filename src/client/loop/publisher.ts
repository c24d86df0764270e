import type { SyncError } from '../../shared/error.ts';
import type { ApplyResult, ChangedRows, SettleResult, WriteResult } from '../local-store.ts';
import type { Conflict, MutationOutcome, SyncEvent, SyncProgress } from '../types.ts';
import type { RoundLog } from './round-log.ts';
import type { SyncLoopOptions } from './sync-loop.ts';

type Unstamped<Event> = Event extends SyncEvent ? Omit<Event, 'at'> : never;

/** Tells the engine what the store has done: in rows, outcomes and events. */
export class Publisher {
  readonly #options: SyncLoopOptions;
  readonly #log: RoundLog;

  constructor(options: SyncLoopOptions, log: RoundLog) {
    this.#options = options;
    this.#log = log;
  }

  event(event: Unstamped<SyncEvent>): void {
    this.#options.onEvent({ at: this.#options.runtime.now(), ...event });
  }

  stateChanged(): void {
    this.#options.onStateChanged();
  }

  progress(progress: SyncProgress): void {
    this.event({ type: 'progress', progress });
    this.stateChanged();
  }

  settled(result: SettleResult): void {
    this.#log.settled(result);
    for (const { id, table } of result.openConflicts) this.event({ type: 'conflict-detected', conflictId: id, table });
    for (const { id, table } of result.decidedConflicts)
      this.event({ type: 'conflict-resolved', conflictId: id, table });
    this.#told(result.changed, result.settled);
  }

  applied(result: ApplyResult, seq: number): void {
    const { changed, changeCount, tables } = result;
    this.#log.applied(changeCount);
    if (changeCount > 0) this.event({ type: 'changes-applied', seq, changeCount, tables });
    this.#told(changed, []);
    if (result.answered) this.settled(result.answered);
  }

  answered({ id, table }: Conflict, result: WriteResult): void {
    this.event({ type: 'conflict-resolved', conflictId: id, table });
    this.#told(result.changed, result.settled);
  }

  resolverFailed({ id, table }: Conflict, error: SyncError): void {
    this.event({ type: 'resolver-failed', conflictId: id, table, error: error.toJSON() });
  }

  #told(changed: ChangedRows, outcomes: readonly MutationOutcome[]): void {
    if (changed.size > 0) this.#options.onChanged(changed);
    for (const outcome of outcomes) this.event({ type: 'mutation-settled', outcome });
    if (outcomes.length > 0) this.#options.onSettled(outcomes);
    this.stateChanged();
  }
}

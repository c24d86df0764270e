import type { SettleResult } from '../local-store.ts';
import type { SyncRound, SyncStats } from '../types.ts';

const KEPT_ROUNDS = 100;

type Totals = Omit<SyncStats, 'storageBytes'>;

/** The last rounds, and totals since this loop was made. */
export class RoundLog {
  readonly #rounds: SyncRound[] = [];
  #totals: Totals = {
    roundCount: 0,
    failedRoundCount: 0,
    pushedMutationCount: 0,
    pulledChangeCount: 0,
    conflictCount: 0,
    rejectedCount: 0,
  };

  get rounds(): SyncRound[] {
    return [...this.#rounds];
  }

  get totals(): Totals {
    return this.#totals;
  }

  ended(round: SyncRound): void {
    this.#rounds.push(round);
    if (this.#rounds.length > KEPT_ROUNDS) this.#rounds.shift();
    this.#add({ roundCount: 1, failedRoundCount: round.outcome === 'failed' ? 1 : 0 });
  }

  settled({ settled, openConflicts, decidedConflicts }: SettleResult): void {
    this.#add({
      pushedMutationCount: settled.length,
      conflictCount: openConflicts.length + decidedConflicts.length,
      rejectedCount: settled.filter(({ outcome }) => outcome === 'rejected').length,
    });
  }

  applied(changeCount: number): void {
    this.#add({ pulledChangeCount: changeCount });
  }

  #add(more: Partial<Totals>): void {
    const sum = (name: keyof Totals) => this.#totals[name] + (more[name] ?? 0);
    this.#totals = {
      roundCount: sum('roundCount'),
      failedRoundCount: sum('failedRoundCount'),
      pushedMutationCount: sum('pushedMutationCount'),
      pulledChangeCount: sum('pulledChangeCount'),
      conflictCount: sum('conflictCount'),
      rejectedCount: sum('rejectedCount'),
    };
  }
}

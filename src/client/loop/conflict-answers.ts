import { type ConflictInput, type Resolution, serverPolicy } from '../../core/policy.ts';
import { SyncError } from '../../shared/error.ts';
import type { ResolveOptions } from '../local-store.ts';
import type { Conflict } from '../types.ts';
import { abortable } from './abortable.ts';
import type { Publisher } from './publisher.ts';
import type { SyncLoopOptions } from './sync-loop.ts';

/** How long a round waits for app code; an answer that comes later counts just the same. */
const PATIENCE_MS = 5_000;

/**
 * Puts open conflicts before the app's resolvers, each once, and records what they answer. App code may take its time
 * or never answer: nothing waits for it for long.
 */
export class ConflictAnswers {
  readonly #options: SyncLoopOptions;
  readonly #publisher: Publisher;
  readonly #onAnswered: () => void;
  readonly #asked = new Set<string>();
  readonly #open = new Set<Promise<void>>();
  /** Counts the wipes: the conflicts that come after one have the ids of those before. */
  #generation = 0;
  #isClosed = false;

  constructor(options: SyncLoopOptions, publisher: Publisher, onAnswered: () => void) {
    this.#options = options;
    this.#publisher = publisher;
    this.#onAnswered = onAnswered;
  }

  /** Asks for every open conflict that was not asked for yet; resolves when all have answered, or after a while. */
  async ask(signal: AbortSignal): Promise<void> {
    const { store, decides, runtime } = this.#options;
    await abortable(this.#writeAnew(), signal);
    for (const table of decides) {
      if (store.counts().openConflictCount === 0) break;
      for (const conflict of store.conflicts({ table, state: 'open' })) this.#askOnce(conflict);
    }
    if (this.#open.size === 0) return;
    let cancel = () => {};
    const patience = new Promise<void>((resolve) => {
      cancel = runtime.setTimer(PATIENCE_MS, resolve);
    });
    try {
      await abortable(Promise.race([Promise.all(this.#open), patience]), signal);
    } finally {
      cancel();
    }
  }

  /**
   * Under `client-wins` a change wins over a deletion that the server has forgotten. Only this device has the row to write:
   * nobody is asked, unless it does not have all of it either.
   */
  async #writeAnew(): Promise<void> {
    const { store, schema, decides } = this.#options;
    if (store.counts().openConflictCount === 0) return;
    for (const of of Object.values(schema.tables)) {
      if (serverPolicy(of.conflict) !== 'client-wins' || decides.includes(of.name)) continue;
      const columns = Object.keys(of.columns);
      for (const conflict of store.conflicts({ table: of.name, state: 'open' })) {
        const { kind, local } = conflict;
        const isWhole = local !== null && columns.every((name) => Object.hasOwn(local, name));
        if (kind === 'update-delete' && isWhole) await this.#record(conflict, 'local', 'policy');
      }
    }
  }

  /** Conflicts left open are put before the app again: someone asked for a round by hand. */
  askAgain(): void {
    if (this.#open.size === 0) this.#asked.clear();
  }

  /** The conflicts are gone: no answer to one of them is recorded any more. */
  forget(): void {
    this.#generation += 1;
    this.#asked.clear();
    this.#open.clear();
  }

  close(): void {
    this.#isClosed = true;
  }

  #askOnce(conflict: Conflict): void {
    if (this.#asked.has(conflict.id)) return;
    this.#asked.add(conflict.id);
    const answer = this.#answer(conflict);
    this.#open.add(answer);
    answer.finally(() => this.#open.delete(answer));
  }

  async #answer(conflict: Conflict): Promise<void> {
    const generation = this.#generation;
    const isOver = () => this.#isClosed || generation !== this.#generation;
    try {
      const resolution = await this.#options.resolve(inputOf(conflict));
      if (resolution !== null && !isOver()) await this.#record(conflict, resolution, 'resolver');
    } catch (thrown) {
      if (isOver()) return;
      this.#publisher.resolverFailed(conflict, SyncError.from(thrown, 'misuse', 'The resolver failed'));
    }
  }

  async #record(conflict: Conflict, resolution: Resolution, by: ResolveOptions['by']): Promise<void> {
    const { exclusive, store, runtime } = this.#options;
    const result = await exclusive(() => {
      // Meanwhile a person may have decided, or the loop may have been closed.
      const isOpen = store.conflict(conflict.id)?.state === 'open';
      if (this.#isClosed || !isOpen) return null;
      return store.resolveConflict(conflict.id, resolution, { by, now: runtime.now() });
    });
    if (!result) return;
    this.#publisher.answered(conflict, result);
    this.#onAnswered();
  }
}

/** What a resolver sees of a conflict. */
function inputOf(conflict: Conflict): ConflictInput {
  const { table, kind, key, fields, base, local, remote, parents, children, localIsLater } = conflict;
  const related = { ...(parents ? { parents } : {}), ...(children ? { children } : {}) };
  return { table, kind, key, fields, base, local, remote, ...related, localIsLater };
}

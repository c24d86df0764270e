import type { ServerStorage } from '../storage.ts';
import { WorkingSet } from './working-set.ts';

/** Work inside a write transaction. It may run twice: the effects of a transaction that failed are gone. */
export type Section<T> = (set: WorkingSet) => Promise<T>;

export interface SectionOptions {
  /** About how many mutations it decides. Default: 1. */
  readonly weight?: number;
  /** Reads what the section is going to need: for all sections of a transaction at once, before the first of them begins. */
  readonly prepare?: (set: WorkingSet) => Promise<void>;
}

export interface CommitQueueOptions {
  readonly storage: ServerStorage;
  /**
   * Called after each durable transaction, with the last seq that it saw or made: what it decided may rest on commits of other nodes
   * that nobody here has heard of yet.
   */
  readonly onHead: (head: number) => void;
}

interface Job extends Required<SectionOptions> {
  readonly section: Section<unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** Bounds how long one transaction keeps the event loop: about so many mutations. */
const WEIGHT_PER_TRANSACTION = 2_000;

/** One turn of the event loop: pushes that arrived together have been let in by then, and go together. */
const turn = (): Promise<void> =>
  typeof setImmediate === 'function' ? new Promise((resolve) => setImmediate(resolve)) : Promise.resolve();

/**
 * Group commit: what arrives while a transaction is under way shares the next one, and its one sync to disk. A section that
 * throws does not take the others with it: the group is undone, and each runs again by itself.
 */
export class CommitQueue {
  readonly #options: CommitQueueOptions;
  #waiting: Job[] = [];
  #running: Promise<void> | null = null;

  constructor(options: CommitQueueOptions) {
    this.#options = options;
  }

  /** Resolves once what the section did is durable. */
  run<T>(section: Section<T>, { weight = 1, prepare = async () => undefined }: SectionOptions = {}): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({ section, weight, prepare, resolve: resolve as (value: unknown) => void, reject });
      this.#running ??= this.#drain();
    });
  }

  /** Resolves once everything that was asked for has been answered. */
  async idle(): Promise<void> {
    await this.#running;
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      await turn();
      await this.#commit(this.#takeGroup());
    }
    this.#running = null;
  }

  #takeGroup(): Job[] {
    let weight = 0;
    const end = this.#waiting.findIndex((job) => {
      const isFull = weight > 0 && weight + job.weight > WEIGHT_PER_TRANSACTION;
      weight += job.weight;
      return isFull;
    });
    return this.#waiting.splice(0, end < 0 ? this.#waiting.length : end);
  }

  async #commit(jobs: readonly Job[]): Promise<void> {
    try {
      const results = await this.#write(jobs);
      for (const [index, job] of jobs.entries()) job.resolve(results[index]);
    } catch (error) {
      if (jobs.length === 1) jobs[0]?.reject(error);
      else for (const job of jobs) await this.#commit([job]);
    }
  }

  async #write(jobs: readonly Job[]): Promise<unknown[]> {
    const { storage, onHead } = this.#options;
    const done = await storage.write(async (writer) => {
      const set = await WorkingSet.begin(writer);
      const results: unknown[] = [];
      await Promise.all(jobs.map((job) => job.prepare(set)));
      for (const job of jobs) results.push(await job.section(set));
      await set.flush();
      return { results, head: set.head };
    });
    onHead(done.head);
    return done.results;
  }
}

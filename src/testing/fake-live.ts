import type { LiveQuery, LiveSnapshot } from '../client/sync.ts';
import type { Statement } from '../core/sql.ts';
import { Emitter } from '../shared/emitter.ts';

export type FakeRow = Readonly<Record<string, unknown>>;

/** What the database would answer. Throw to have the query fail. */
export type FakeAnswer = (statement: Statement) => readonly FakeRow[];

/** The open live queries of a fake: each asks the script, and asks again on `refresh`. */
export class FakeLiveQueries {
  readonly #answer: FakeAnswer;
  readonly #changed = new Emitter<void>();
  #openCount = 0;

  constructor(answer: FakeAnswer) {
    this.#answer = answer;
  }

  get openCount(): number {
    return this.#openCount;
  }

  refresh(): void {
    this.#changed.emit();
  }

  open(statement: Statement): LiveQuery<FakeRow> {
    this.#openCount += 1;
    let snapshot: LiveSnapshot<FakeRow> = { rows: undefined, error: null, tables: [] };
    const listeners = new Emitter<void>();
    const run = () => {
      snapshot = this.#run(statement, snapshot);
      listeners.emit();
    };
    const ready = Promise.resolve().then(() => {
      run();
      if (snapshot.error) throw snapshot.error;
      return snapshot.rows ?? [];
    });
    // Whoever only subscribes sees the error in the snapshot.
    ready.catch(() => undefined);
    const stop = this.#changed.subscribe(run);
    let isOpen = true;
    return {
      ready,
      subscribe: (listener) => listeners.subscribe(listener),
      getSnapshot: () => snapshot,
      close: () => {
        if (isOpen) this.#openCount -= 1;
        isOpen = false;
        stop();
        listeners.clear();
      },
    };
  }

  #run(statement: Statement, before: LiveSnapshot<FakeRow>): LiveSnapshot<FakeRow> {
    try {
      return { rows: this.#answer(statement), error: null, tables: [] };
    } catch (thrown) {
      return { ...before, error: thrown instanceof Error ? thrown : new Error(String(thrown)) };
    }
  }
}

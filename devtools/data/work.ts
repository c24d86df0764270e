import { useStore } from 'zustand';
import { createStore } from 'zustand/vanilla';
import type { OutboxCallOptions, OutboxProgress } from '../../src/client/types.ts';

interface WorkState<T> {
  readonly isRunning: boolean;
  /** How far it has come; null before it is known. */
  readonly progress: OutboxProgress | null;
  /** What the last one ended with. */
  readonly result: T | null;
  readonly error: string | null;
}

/** Something that goes through many mutations, and takes its time. */
export interface Work<T> extends WorkState<T> {
  /** While one runs, another is not started. */
  readonly run: (act: (call: OutboxCallOptions) => Promise<T>) => Promise<void>;
  readonly stop: () => void;
  /** Forgets what came of it. */
  readonly dismiss: () => void;
}

const AT_REST = { isRunning: false, progress: null, result: null, error: null };
/** The engine tells of progress more often than anybody reads. */
const PACE_MS = 100;

/** A hook for one kind of work. It goes on while another view is shown, and is there again with its own. */
export function createWork<T>(): (sync: object) => Work<T> {
  const all = new WeakMap<object, Running<T>>();
  return (sync) => {
    const running = all.get(sync) ?? new Running<T>();
    all.set(sync, running);
    const { run, stop, dismiss } = running;
    return { ...useStore(running.store), run, stop, dismiss };
  };
}

class Running<T> {
  readonly store = createStore<WorkState<T>>(() => AT_REST);
  #stopper = new AbortController();

  readonly run = async (act: (call: OutboxCallOptions) => Promise<T>): Promise<void> => {
    const { store } = this;
    if (store.getState().isRunning) return;
    this.#stopper = new AbortController();
    store.setState({ ...AT_REST, isRunning: true });
    try {
      const result = await act({ signal: this.#stopper.signal, onProgress: this.#paced() });
      store.setState({ ...AT_REST, result });
    } catch (error) {
      // Whoever has stopped it knows.
      if (this.#stopper.signal.aborted) return store.setState(AT_REST);
      store.setState({ ...AT_REST, error: error instanceof Error ? error.message : String(error) });
    }
  };

  readonly stop = (): void => this.#stopper.abort();

  readonly dismiss = (): void => {
    if (!this.store.getState().isRunning) this.store.setState(AT_REST);
  };

  #paced(): (progress: OutboxProgress) => void {
    let toldAt = 0;
    return (progress) => {
      if (performance.now() - toldAt < PACE_MS) return;
      toldAt = performance.now();
      this.store.setState({ progress });
    };
  }
}

import type { EngineMethods } from '../client/engine-api.ts';
import type { RowStatus } from '../client/types.ts';
import { keyText, type RowKey } from '../shared/cell.ts';
import { Emitter } from '../shared/emitter.ts';
import type { Runtime } from '../shared/runtime.ts';
import { Holder } from './shared-source.ts';

export interface RowWatch {
  subscribe(listener: () => void): () => void;
  getSnapshot(): RowStatus;
}

interface SharedWatch {
  readonly holder: Holder;
  readonly changed: Emitter<void>;
  status: RowStatus;
}

/** The watched rows of one session: one watch per row, however many badges show it. */
export class RowWatches {
  readonly #methods: EngineMethods;
  readonly #runtime: Runtime;
  readonly #byRow = new Map<string, SharedWatch>();

  constructor(methods: EngineMethods, runtime: Runtime) {
    this.#methods = methods;
    this.#runtime = runtime;
  }

  watch(table: string, key: RowKey): RowWatch {
    const watchId = `${table} ${keyText(key)}`;
    const shared = () => this.#byRow.get(watchId) ?? this.#share(watchId, table, key);
    shared().holder.touch();
    return {
      subscribe(listener) {
        const watch = shared();
        const stop = watch.changed.subscribe(listener);
        const release = watch.holder.hold();
        return () => {
          stop();
          release();
        };
      },
      getSnapshot() {
        const watch = shared();
        watch.holder.touch();
        return watch.status;
      },
    };
  }

  deliver(watchId: string, status: RowStatus): void {
    const watch = this.#byRow.get(watchId);
    if (!watch || watch.status === status) return;
    watch.status = status;
    watch.changed.emit();
  }

  close(): void {
    for (const watch of [...this.#byRow.values()]) watch.holder.close();
  }

  #share(watchId: string, table: string, key: RowKey): SharedWatch {
    const watch: SharedWatch = {
      status: 'synced',
      changed: new Emitter(),
      holder: new Holder(this.#runtime, {
        open: () => {
          this.#byRow.set(watchId, watch);
          this.#methods.watchRow(watchId, table, key).catch(() => {});
        },
        close: () => {
          this.#byRow.delete(watchId);
          this.#methods.unwatchRow(watchId).catch(() => {});
        },
      }),
    };
    return watch;
  }
}

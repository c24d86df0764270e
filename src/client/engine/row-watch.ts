import { keyText, type RowKey } from '../../shared/cell.ts';
import type { ChangedRows, LocalStore } from '../local-store.ts';
import type { RowStatus } from '../types.ts';

interface Watch {
  readonly table: string;
  readonly key: RowKey;
  readonly tell: (status: RowStatus) => void;
  told: RowStatus | null;
}

/** The rows whose status somebody shows. */
export class RowWatch {
  readonly #store: LocalStore;
  readonly #watches = new Set<Watch>();

  constructor(store: LocalStore) {
    this.#store = store;
  }

  /** Tells the status now and whenever it has changed; returns how to stop. */
  add(table: string, key: RowKey, tell: (status: RowStatus) => void): () => void {
    const watch: Watch = { table, key, tell, told: null };
    this.#check(watch);
    this.#watches.add(watch);
    return () => {
      this.#watches.delete(watch);
    };
  }

  /** These rows were written. */
  changed(changed: ChangedRows): void {
    for (const watch of this.#watches) {
      const rows = changed.get(watch.table);
      if (rows === '*' || rows?.has(keyText(watch.key))) this.#check(watch);
    }
  }

  /** Any row may have another status now. */
  checkAll(): void {
    for (const watch of this.#watches) this.#check(watch);
  }

  #check(watch: Watch): void {
    const status = this.#store.rowStatus(watch.table, watch.key);
    if (status === watch.told) return;
    watch.told = status;
    watch.tell(status);
  }
}

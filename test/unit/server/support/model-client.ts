import type { Cursor } from '../../../../src/core/change.ts';
import type { Schema } from '../../../../src/core/schema.ts';
import type { PullPage, PullRequest } from '../../../../src/protocol/messages/pull.ts';
import type { Identity, SyncService } from '../../../../src/server/service.ts';
import { type Cell, keyText } from '../../../../src/shared/cell.ts';

type Row = Record<string, Cell>;

/** A client reduced to its confirmed rows: it applies chains exactly as `pull.ts` tells, and nothing else. */
export class ModelClient {
  readonly tables = new Map<string, Map<string, Row>>();
  readonly #service: SyncService;
  readonly #schema: Schema;
  readonly #identity: Identity;
  readonly clientId: string;
  cursor: Cursor | null = null;
  scopes: readonly string[] = [];
  pages: PullPage[] = [];

  constructor(options: { service: SyncService; schema: Schema; identity: Identity; clientId?: string }) {
    this.#service = options.service;
    this.#schema = options.schema;
    this.#identity = options.identity;
    this.clientId = options.clientId ?? `model-${options.identity.id}`;
  }

  /** Pulls one chain; `between` runs after each page that is not the last, `onLost` for what is held no more, before anything is applied. */
  async pullChain(
    options: {
      maxBytes?: number;
      snapshotTables?: string[];
      between?: () => Promise<void>;
      onLost?: (scope: string) => void;
    } = {},
  ): Promise<PullPage[]> {
    const pages: PullPage[] = [];
    for (let resume: string | null = null; ; ) {
      const page: PullPage = await this.#service.pull(this.#identity, this.#request(resume, options));
      pages.push(page);
      if (page.cursor) break;
      resume = page.resume;
      await options.between?.();
    }
    const kept = pages.at(-1)?.scopes ?? [];
    for (const scope of this.scopes) if (!kept.includes(scope)) options.onLost?.(scope);
    this.#apply(pages);
    this.pages = pages;
    return pages;
  }

  /** Pulls until nothing is left. */
  async pullAll(options: { maxBytes?: number } = {}): Promise<void> {
    for (;;) {
      const last = (await this.pullChain(options)).at(-1);
      if (last?.cursor?.seq === last?.head) return;
    }
  }

  rows(table: string): Row[] {
    const rows = [...(this.tables.get(table) ?? new Map<string, Row>()).entries()];
    return rows.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
  }

  drop(table: string, key: readonly Cell[]): void {
    this.#table(table).delete(keyText(key));
  }

  #request(resume: string | null, options: { maxBytes?: number; snapshotTables?: string[] }): PullRequest {
    return {
      clientId: this.clientId,
      schemaVersion: this.#schema.version,
      cursor: this.cursor,
      scopes: [...this.scopes],
      resume,
      ...(options.maxBytes === undefined ? {} : { maxBytes: options.maxBytes }),
      ...(options.snapshotTables && resume === null ? { snapshotTables: options.snapshotTables } : {}),
    };
  }

  #apply(pages: readonly PullPage[]): void {
    for (const table of pages[0]?.replaces ?? []) this.#table(table).clear();
    for (const page of pages) {
      for (const { table, columns, rows } of page.snapshot) {
        for (const row of rows)
          this.#store(table, Object.fromEntries(columns.map((name, index) => [name, row[index] ?? null])));
      }
      for (const transaction of page.transactions) {
        for (const change of transaction.changes) this.#change(change);
      }
    }
    const last = pages.at(-1);
    this.cursor = last?.cursor ?? null;
    this.scopes = last?.scopes ?? [];
  }

  #change({ table, key, op, columns }: PullPage['transactions'][number]['changes'][number]): void {
    const rows = this.#table(table);
    const text = keyText(key);
    const names = this.#schema.tables[table]?.primaryKey ?? [];
    const keyCells = Object.fromEntries(names.map((name, index) => [name, key[index] ?? null]));
    if (op === 'delete') rows.delete(text);
    else if (op === 'put') rows.set(text, { ...keyCells, ...columns });
    else if (rows.has(text)) rows.set(text, { ...rows.get(text), ...columns });
    else throw new Error(`A patch of ${table} ${text}, which is not here.`);
  }

  #store(table: string, row: Row): void {
    const names = this.#schema.tables[table]?.primaryKey ?? [];
    this.#table(table).set(keyText(names.map((name) => row[name] ?? null)), row);
  }

  #table(table: string): Map<string, Row> {
    const rows = this.tables.get(table) ?? new Map<string, Row>();
    this.tables.set(table, rows);
    return rows;
  }
}

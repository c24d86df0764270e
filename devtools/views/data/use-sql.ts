import { useCallback, useState } from 'react';
import type { Sync } from '../../../src/client/sync.ts';
import type { Statement } from '../../../src/core/sql.ts';
import type { Row } from '../../data/export-text.ts';
import { useInspectedSync } from '../../data/inspected.ts';

/** One step of a query plan; `parent` is the step it belongs to, 0 for none. */
export interface PlanStep {
  readonly id: number;
  readonly parent: number;
  readonly detail: string;
}

export type SqlResult =
  | { readonly kind: 'rows'; readonly columns: readonly string[]; readonly rows: readonly Row[]; readonly ms: number }
  | { readonly kind: 'plan'; readonly steps: readonly PlanStep[] }
  | { readonly kind: 'written'; readonly rowCount: number; readonly mutationId: number | null; readonly ms: number }
  | { readonly kind: 'failed'; readonly message: string };

/** Runs SQL, one statement at a time, and keeps what came of the last one. Times are those of the whole way to the worker and back. */
export function useSql() {
  const sync = useInspectedSync();
  const [state, setState] = useState<{ isRunning: boolean; result: SqlResult | null }>({
    isRunning: false,
    result: null,
  });
  const start = useCallback(async (act: () => Promise<SqlResult>) => {
    setState((before) => ({ ...before, isRunning: true }));
    const result = await act().catch(
      (error: unknown): SqlResult => ({
        kind: 'failed',
        message: error instanceof Error ? error.message : String(error),
      }),
    );
    setState({ isRunning: false, result });
  }, []);
  return {
    ...state,
    run: (sql: string) => start(() => readRows(sync, sql)),
    explain: (sql: string) =>
      start(async () => ({ kind: 'plan', steps: await readPlan(sync, { sql, parameters: [] }) })),
    write: (sql: string) => start(() => writeRows(sync, sql)),
  };
}

async function readRows(sync: Sync, sql: string): Promise<SqlResult> {
  const startedAt = performance.now();
  const rows: readonly Row[] = await sync.query({ sql, parameters: [] });
  const ms = performance.now() - startedAt;
  return { kind: 'rows', rows, ms, columns: Object.keys(rows[0] ?? {}) };
}

/** How SQLite means to run a statement. */
export async function readPlan(sync: Sync, { sql, parameters }: Statement): Promise<PlanStep[]> {
  const plain = sql.replace(/^\s*EXPLAIN\s+(?:QUERY\s+PLAN\s+)?/i, '');
  const steps: readonly Row[] = await sync.query({ sql: `EXPLAIN QUERY PLAN ${plain}`, parameters });
  return steps.map(({ id, parent, detail }) => ({ id: Number(id), parent: Number(parent), detail: String(detail) }));
}

async function writeRows(sync: Sync, sql: string): Promise<SqlResult> {
  const startedAt = performance.now();
  const { mutationId, result } = await sync.write((tx) => tx.run({ sql, parameters: [] }));
  return { kind: 'written', rowCount: result, mutationId, ms: performance.now() - startedAt };
}

import type { PostgresSource } from '../world/postgres-disk.ts';
import type { Finding } from '../world/run-history.ts';

/** What a worker process is asked. */
export type Task =
  /** One history; a failing one is shrunk, unless nobody wants to read it. */
  | {
      readonly kind: 'history';
      readonly seed: number;
      readonly isShrunk: boolean;
      readonly faults?: readonly string[] | undefined;
      readonly postgres?: PostgresSource | undefined;
    }
  /** Histories with one planted mistake, until one breaks a promise that the mistake is about. */
  | { readonly kind: 'planted'; readonly name: string; readonly from: number; readonly count: number };

export interface TaskResult {
  readonly finding: Finding | null;
  /** How many histories it took. */
  readonly histories: number;
  /** Of a planted mistake: what else was told on the way, and how often. */
  readonly others?: Readonly<Record<string, number>>;
}

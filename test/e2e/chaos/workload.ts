import type { Page } from 'playwright';
import type { LedgerEntry } from './ledger.ts';

/** The row that every write raises by one. */
export const COUNTER_ID = 'counter';

declare global {
  interface Window {
    ledger(entry: LedgerEntry): Promise<void>;
    /** Ends the writing, and resolves when the last write has ended. */
    stopWork?: () => Promise<void>;
  }
}

export interface Work {
  /** The prefix of the ids: unique for each device and round. */
  readonly prefix: string;
  readonly gapMs: number;
}

/**
 * Begins to write, and does not wait for the end of it. Each write is one transaction: a new task and its tag, both with one nonce, and one
 * increment of the shared counter. So at any moment, in any view, there are as many tasks as tags as counted.
 */
export async function startWork(page: Page, work: Work): Promise<void> {
  await page.evaluate(
    ({ prefix, gapMs, counterId }) => {
      const { sync, sql } = window.device;
      const tell = (entry: LedgerEntry) => void window.ledger(entry);
      let isStopped = false;
      const write = async (id: string, nonce: number) => {
        const receipt = await sync.write(async (tx) => {
          await tx.insert('task', { id, title: id, note: String(nonce) });
          await tx.run(sql`UPDATE task SET votes = votes + 1 WHERE id = ${counterId}`);
          await tx.insert('tag', { task_id: id, name: 'nonce', weight: nonce });
        });
        tell({ type: 'resolved', id });
        void receipt.settled.then(({ outcome }) => tell({ type: 'settled', id, outcome }));
      };
      const look = async () => {
        const [seen] = await sync.query(
          sql`SELECT (SELECT count(*) FROM task) - 1 AS tasks, (SELECT count(*) FROM tag) AS tags,
                     (SELECT votes FROM task WHERE id = ${counterId}) AS votes`,
        );
        if (!seen || seen.tasks !== seen.tags || seen.tasks !== seen.votes) {
          tell({ type: 'torn', device: prefix, seen: JSON.stringify(seen) });
        }
      };
      const run = async () => {
        for (let index = 0; !isStopped; index += 1) {
          const id = `${prefix}-${index}`;
          try {
            await write(id, Math.floor(Math.random() * 1e9));
            await look();
          } catch (error) {
            tell({ type: 'failed', id, message: String(error) });
          }
          await new Promise((resolve) => setTimeout(resolve, gapMs));
        }
      };
      const ended = run();
      window.stopWork = () => {
        isStopped = true;
        return ended;
      };
    },
    { ...work, counterId: COUNTER_ID },
  );
}

export async function stopWork(page: Page): Promise<void> {
  await page.evaluate(() => window.stopWork?.());
}

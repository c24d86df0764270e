import { useLayoutEffect } from 'react';
import { createRoot } from 'react-dom/client';
import { SyncProvider, useSyncedQuery } from 'tidemark';
import type { BenchSync } from './device.ts';

interface Row {
  readonly id: string;
  readonly title: string;
}

interface ListProps {
  readonly query: string;
  readonly onCommit: (rows: readonly Row[]) => void;
}

function List({ query, onCommit }: ListProps) {
  const { data } = useSyncedQuery({ sql: query, parameters: [] });
  const rows = data as unknown as readonly Row[] | undefined;
  useLayoutEffect(() => {
    if (rows) onCommit(rows);
  }, [rows, onCommit]);
  return (
    <ul>
      {rows?.map((row) => (
        <li key={row.id}>{row.title}</li>
      ))}
    </ul>
  );
}

/** A mounted list, and a promise for each next commit of React. */
export class MountedList {
  rows: readonly Row[] = [];
  commitCount = 0;
  readonly #element = document.body.appendChild(document.createElement('div'));
  readonly #root = createRoot(this.#element);
  #waiting: (() => void)[] = [];

  constructor(sync: BenchSync, query: string) {
    const onCommit = (rows: readonly Row[]) => {
      this.rows = rows;
      this.commitCount += 1;
      const waiting = this.#waiting;
      this.#waiting = [];
      for (const resolve of waiting) resolve();
    };
    this.#root.render(
      <SyncProvider sync={sync}>
        <List query={query} onCommit={onCommit} />
      </SyncProvider>,
    );
  }

  nextCommit(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  async shown(): Promise<void> {
    if (this.commitCount === 0) await this.nextCommit();
  }

  unmount(): void {
    this.#root.unmount();
    this.#element.remove();
  }
}

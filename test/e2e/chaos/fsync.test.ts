/** What the server acknowledges is on disk by then, not just with the operating system: seen in its system calls. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSync } from 'tidemark/core';
import { afterAll, expect, test } from 'vitest';
import { taskSchema } from '../harness/schemas.ts';
import { ServerProcess } from '../harness/server-process.ts';
import { hasEnded, readTrace, type TraceEvent, traced, tracingMissing } from './system-calls.ts';

const PUSH_COUNT = 50;

const missing = tracingMissing();
if (missing) console.warn(`\nSKIPPED: nothing was shown about fsync before acknowledgements. ${missing}\n`);

const folder = mkdtempSync(join(tmpdir(), 'tidemark-fsync-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.skipIf(missing)(`each of ${PUSH_COUNT} acknowledged pushes comes after a sync of the log`, async () => {
  const logFile = join(folder, 'calls.log');
  const server = new ServerProcess({ schema: 'task', file: join(folder, 'server.db'), under: traced(logFile) });
  await server.start();
  try {
    await pushOneByOne(server.url);
  } finally {
    await server.stop();
  }
  await expect.poll(() => existsSync(logFile) && hasEnded(logFile), { timeout: 20_000 }).toBe(true);

  const answers = answersOf(readTrace(logFile));
  expect(answers).toHaveLength(PUSH_COUNT);
  // Each push has written to the log; nothing of it was unsynced when the answer went out.
  expect(answers.filter(({ writes }) => writes === 0)).toEqual([]);
  expect(answers.filter(({ unsynced }) => unsynced > 0)).toEqual([]);
});

/** Waits for each acknowledgement before the next write, so that each push is a commit of its own. */
async function pushOneByOne(url: string): Promise<void> {
  const sync = createSync({ schema: taskSchema, server: { url }, storage: { kind: 'memory', name: 'fsync' } });
  try {
    await sync.sync();
    for (let index = 0; index < PUSH_COUNT; index += 1) {
      const id = `task-${index}`;
      const receipt = await sync.write((tx) => tx.insert('task', { id, title: id }));
      expect(await receipt.settled).toMatchObject({ outcome: 'applied' });
    }
  } finally {
    await sync.close();
  }
}

interface Answer {
  /** Writes to the log since the answer before. */
  readonly writes: number;
  /** Those of them that no sync had followed yet. */
  readonly unsynced: number;
}

function answersOf(events: readonly TraceEvent[]): Answer[] {
  const answers: Answer[] = [];
  let writes = 0;
  let unsynced = 0;
  for (const { type } of events) {
    if (type === 'wal-write') {
      writes += 1;
      unsynced += 1;
    } else if (type === 'wal-sync') {
      unsynced = 0;
    } else {
      answers.push({ writes, unsynced });
      writes = 0;
    }
  }
  return answers;
}

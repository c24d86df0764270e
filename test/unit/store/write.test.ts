import { describe, expect, test } from 'vitest';
import { engineMethodsOver } from '../../../src/client/rpc/methods.ts';
import { defineSchema, t, table } from '../../../src/core/schema.ts';
import { sql } from '../../../src/core/sql.ts';
import { SyncError } from '../../../src/shared/error.ts';
import { systemRuntime } from '../../../src/shared/runtime.ts';
import { Settlements } from '../../../src/store/settlements.ts';
import { createWriter } from '../../../src/store/write.ts';

const schema = defineSchema({ version: 1, tables: { issue: table({ id: t.text(), title: t.text() }) } });

/** A writer over an engine that only notes what it is asked; `on` may answer or throw. */
function writerOver(on: (method: string, call: number) => unknown = () => undefined) {
  const asked: string[] = [];
  const methods = engineMethodsOver(async (method) => {
    asked.push(method);
    const call = asked.length;
    // An answer comes as a message: after everything that is ready to go on has gone on.
    await new Promise((resolve) => setImmediate(resolve));
    const answers: Record<string, unknown> = {
      writeCommit: { mutationId: 1 },
      writeOnce: { mutationId: 1, rowCount: 1 },
    };
    return on(method, call) ?? answers[method] ?? 1;
  });
  const settlements = new Settlements();
  const write = createWriter({
    schema,
    methods,
    runtime: systemRuntime,
    settlements,
    hasServer: true,
    clientId: () => null,
  });
  return { write, asked, settlements };
}

const interrupted = () => {
  throw new SyncError('interrupted', 'The leader went away.');
};

describe('write', () => {
  test('takes one message per statement and one for the commit', async () => {
    const { write, asked } = writerOver();
    const receipt = await write(async (tx) => {
      await tx.insertMany('issue', [
        { id: 'a', title: 'A' },
        { id: 'b', title: 'B' },
      ]);
      return tx.update('issue', 'a', { title: 'C' });
    });
    expect(receipt).toMatchObject({ mutationId: 1, result: true });
    expect(asked).toEqual(['writeRun', 'writeRun', 'writeCommit']);
  });

  test('takes one message in all when the callback only returns one statement', async () => {
    const { write, asked } = writerOver();
    expect(await write((tx) => tx.delete('issue', 'a'))).toMatchObject({ mutationId: 1, result: true });
    expect(asked).toEqual(['writeOnce']);
    await write((tx) => {
      void tx.insert('issue', { id: 'a', title: 'A' });
      return tx.insert('issue', { id: 'b', title: 'B' });
    });
    expect(asked.slice(1)).toEqual(['writeRun', 'writeRun', 'writeCommit']);
  });

  test('throws what the one statement throws, with nothing to roll back', async () => {
    const { write, asked } = writerOver(() => {
      throw new SyncError('invalid-value', 'UNIQUE constraint failed');
    });
    await expect(write((tx) => tx.delete('issue', 'a'))).rejects.toMatchObject({ kind: 'invalid-value' });
    expect(asked).toEqual(['writeOnce']);
  });

  test('asks nothing of the engine when the callback does nothing', async () => {
    const { write, asked } = writerOver();
    const receipt = await write(() => 'nothing');
    expect(receipt).toMatchObject({ mutationId: null, result: 'nothing' });
    expect(await receipt.settled).toMatchObject({ outcome: 'applied' });
    expect(asked).toEqual([]);
  });

  test('rolls back and throws what the callback throws', async () => {
    const { write, asked } = writerOver();
    const failed = write(async (tx) => {
      await tx.run(sql`DELETE FROM issue`);
      throw new Error('changed my mind');
    });
    await expect(failed).rejects.toThrow('changed my mind');
    expect(asked).toEqual(['writeRun', 'writeRollback']);
  });

  test('fails when a call that nobody awaited fails', async () => {
    const { write, asked } = writerOver((method) => {
      if (method === 'writeRun') throw new SyncError('invalid-value', 'UNIQUE constraint failed');
    });
    const failed = write((tx) => {
      tx.insert('issue', { id: 'a', title: 'A' }).catch(() => {});
    });
    await expect(failed).rejects.toMatchObject({ kind: 'invalid-value' });
    expect(asked).toEqual(['writeRun', 'writeRollback']);
  });

  test('goes on when the callback has dealt with an error', async () => {
    const { write } = writerOver((method, call) => {
      if (method === 'writeRun' && call === 1) throw new SyncError('invalid-value', 'UNIQUE constraint failed');
    });
    const receipt = await write(async (tx) => {
      await tx.insert('issue', { id: 'a', title: 'A' }).catch(() => tx.update('issue', 'a', { title: 'A' }));
    });
    expect(receipt.mutationId).toBe(1);
  });

  test('runs again from the start when the leader goes away, a bounded number of times', async () => {
    const once = writerOver((method, call) => (method === 'writeCommit' && call === 2 ? interrupted() : undefined));
    const single = writerOver((_method, call) => (call === 1 ? interrupted() : undefined));
    await single.write((tx) => tx.delete('issue', 'a'));
    expect(single.asked).toEqual(['writeOnce', 'writeOnce']);
    let runs = 0;
    await once.write(async (tx) => {
      runs += 1;
      await tx.run(sql`DELETE FROM issue`);
    });
    expect(runs).toBe(2);
    const always = writerOver((method) => (method === 'writeRun' ? interrupted() : undefined));
    runs = 0;
    const failed = always.write(async (tx) => {
      runs += 1;
      await tx.run(sql`DELETE FROM issue`);
    });
    await expect(failed).rejects.toMatchObject({ kind: 'interrupted' });
    expect(runs).toBe(5);
  });

  test('refuses calls after the callback has returned', async () => {
    const { write } = writerOver();
    let later: () => Promise<number> = async () => 0;
    await write((tx) => {
      later = () => tx.run(sql`DELETE FROM issue`);
    });
    await expect(later()).rejects.toMatchObject({ kind: 'misuse' });
  });

  test('a value that has no place in its column is refused before it is sent', async () => {
    const { write, asked } = writerOver();
    const wrong = write((tx) => tx.insert('issue', { id: 'a', title: 5 as never }));
    await expect(wrong).rejects.toMatchObject({ kind: 'invalid-value' });
    expect(asked).toEqual([]);
  });

  test.each([null, 5, 'row', [['id', 'a']]])('a row that is no object is refused: %j', async (row) => {
    const { write, asked } = writerOver();
    await expect(write((tx) => tx.insert('issue', row as never))).rejects.toMatchObject({ kind: 'invalid-value' });
    await expect(write((tx) => tx.update('issue', 'a', row as never))).rejects.toMatchObject({ kind: 'invalid-value' });
    expect(asked).toEqual([]);
  });
});

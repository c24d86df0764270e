import { describe, expect, test } from 'vitest';
import { Gate } from '../../../../src/client/engine/gate.ts';
import { SyncError } from '../../../../src/shared/error.ts';

describe('the gate', () => {
  test('lets one in at a time, in the order in which they came', async () => {
    const gate = new Gate();
    const log: string[] = [];
    const leave = await gate.enter();
    const others = ['a', 'b', 'c'].map((name) =>
      gate.run(async () => {
        log.push(`${name} in`);
        await Promise.resolve();
        log.push(`${name} out`);
      }),
    );
    expect(log).toEqual([]);
    leave();
    leave();
    await Promise.all(others);
    expect(log).toEqual(['a in', 'a out', 'b in', 'b out', 'c in', 'c out']);
  });

  test('lets the next one in after one failed', async () => {
    const gate = new Gate();
    const failing = gate.run(() => {
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await gate.run(() => 'yes')).toBe('yes');
  });

  test('keeps late comers behind those who wait', async () => {
    const gate = new Gate();
    const log: string[] = [];
    const leave = await gate.enter();
    const waiting = gate.run(() => void log.push('waiting'));
    leave();
    await gate.run(() => void log.push('late'));
    await waiting;
    expect(log).toEqual(['waiting', 'late']);
  });

  test('refuses everybody once it is closed', async () => {
    const gate = new Gate();
    await gate.enter();
    const waiting = gate.enter();
    gate.close(new SyncError('closed', 'closed'));
    await expect(waiting).rejects.toMatchObject({ kind: 'closed' });
    await expect(gate.run(() => 1)).rejects.toMatchObject({ kind: 'closed' });
  });
});

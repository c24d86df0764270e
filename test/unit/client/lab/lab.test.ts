import { beforeEach, expect, test } from 'vitest';
import { NO_LAB_CONDITIONS } from '../../../../src/client/inspection.ts';
import { Lab } from '../../../../src/client/lab/lab.ts';
import { manualRuntime } from '../../../../src/testing/manual-runtime.ts';

let lab: Lab;
beforeEach(() => {
  lab = new Lab(manualRuntime());
});

test('what a session has set ends with it, and not with another one', () => {
  lab.set({ offline: true, latencyMs: 20 }, 'mine');
  lab.left('other');
  expect(lab.shown).toMatchObject({ offline: true, latencyMs: 20 });
  lab.left('mine');
  expect(lab.shown).toBeNull();
});

test('it shows nothing once each condition is back', () => {
  lab.set({ offline: true }, 'mine');
  lab.set({ rejectNext: true }, 'mine');
  lab.set({ offline: false }, 'mine');
  expect(lab.shown).toEqual({ ...NO_LAB_CONDITIONS, rejectNext: true });
  lab.used('rejectNext');
  expect(lab.shown).toBeNull();
});

test('a token is refused once, or always', () => {
  lab.set({ refuseToken: 'once' }, 'mine');
  expect([lab.refusesToken(), lab.refusesToken()]).toEqual([true, false]);
  lab.set({ refuseToken: 'always' }, 'mine');
  expect([lab.refusesToken(), lab.refusesToken()]).toEqual([true, true]);
});

test('going offline breaks the channels that are open', () => {
  let brokenCount = 0;
  const leave = lab.opened({ breakOff: () => (brokenCount += 1) });
  lab.set({ latencyMs: 5 }, 'mine');
  lab.set({ offline: true }, 'mine');
  lab.set({ duplicates: true }, 'mine');
  expect(brokenCount).toBe(1);
  leave();
});

test.each([{ latencyMs: -1 }, { lossRate: 1.5 }, { lossRate: Number.NaN }, { clockSkewMs: 1e10 }, { nonsense: true }])(
  '%j is refused',
  (conditions) => {
    expect(() => lab.set(conditions, 'mine')).toThrow(expect.objectContaining({ kind: 'misuse' }));
    expect(lab.shown).toBeNull();
  },
);

import { expect, test } from 'vitest';
import { formerEpochsFrom } from '../../../src/server/epochs.ts';

test('a log that was set back has no more in common with the epochs before than with the last', () => {
  const before = [{ epoch: 'epoch-1', seq: 9 }];
  expect(formerEpochsFrom({ epoch: 'epoch-2', head: 5 }, before)).toEqual([
    { epoch: 'epoch-2', seq: 5 },
    { epoch: 'epoch-1', seq: 5 },
  ]);
  expect(formerEpochsFrom({ epoch: 'epoch-2', head: 12 }, before)[1]).toEqual({ epoch: 'epoch-1', seq: 9 });
});

test('an epoch that comes again is listed once, and of many the newest are kept', () => {
  const before = Array.from({ length: 30 }, (_, n) => ({ epoch: `epoch-${30 - n}`, seq: 30 - n }));
  const all = formerEpochsFrom({ epoch: 'epoch-7', head: 40 }, before);
  expect(all).toHaveLength(16);
  expect(all.slice(0, 2)).toEqual([
    { epoch: 'epoch-7', seq: 40 },
    { epoch: 'epoch-30', seq: 30 },
  ]);
  expect(all.filter(({ epoch }) => epoch === 'epoch-7')).toHaveLength(1);
});

import { expect, test } from 'vitest';
import { eventWords } from '../../../devtools/data/event-words.ts';
import type { SyncEvent, SyncRound } from '../../../src/client/types.ts';

const round: SyncRound = {
  startedAt: 0,
  durationMs: 51.4,
  trigger: 'write',
  pushedCount: 1,
  pulledChangeCount: 20,
  sentBytes: 90,
  outcome: 'ok',
  error: null,
};

test('an event says in words what it carries', () => {
  const words = (
    [
      { at: 1, type: 'sync-started', trigger: 'poke' },
      { at: 1, type: 'sync-finished', round },
      { at: 1, type: 'sync-finished', round: { ...round, pushedCount: 0, pulledChangeCount: 0 } },
      { at: 1, type: 'mutation-written', mutationId: 7, tables: ['issue', 'label'] },
      {
        at: 1,
        type: 'mutation-settled',
        outcome: { mutationId: 7, outcome: 'rejected', seq: null, reason: { code: 'x', message: 'Too long.' } },
      },
      { at: 1, type: 'changes-applied', seq: 33, changeCount: 1, tables: [] },
      { at: 1, type: 'changes-applied', seq: 33, changeCount: 2, tables: ['issue'] },
    ] satisfies SyncEvent[]
  ).map(eventWords);
  expect(words).toEqual([
    'the server told of something new',
    '1 mutation sent, 20 changes received, in 51 ms',
    'nothing new, in 51 ms',
    '#7 on issue, label',
    '#7 rejected: Too long.',
    '1 change, up to seq 33',
    '2 changes in issue, up to seq 33',
  ]);
});

test('an event that only a newer engine knows is still listed', () => {
  expect(eventWords({ at: 1, type: 'unheard-of' } as unknown as SyncEvent)).toBe('');
});

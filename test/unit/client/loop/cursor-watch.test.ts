import { expect, test } from 'vitest';
import { CursorWatch } from '../../../../src/client/loop/cursor-watch.ts';

test('all waits for a device that lost its place, before anything is known of the new history; nothing for one that never had one', () => {
  const unknown = { seq: null, head: null };
  const watch = new CursorWatch();
  expect(watch.behindSince(unknown, 5, { cursor: null, hasSynced: false })).toBeNull();
  expect(watch.behindSince(unknown, 6, { cursor: null, hasSynced: true })).toBe(6);
  expect(watch.behindSince(unknown, 9, { cursor: null, hasSynced: true })).toBe(6);
  expect(watch.behindSince({ seq: 3, head: 3 }, 10, { cursor: { epoch: 'e', seq: 3 }, hasSynced: true })).toBeNull();
});

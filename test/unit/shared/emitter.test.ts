import { expect, test, vi } from 'vitest';
import { Emitter } from '../../../src/shared/emitter.ts';
import { SyncError } from '../../../src/shared/error.ts';

test('a listener that throws does not keep the others from hearing', () => {
  const errors: unknown[] = [];
  const emitter = new Emitter<number>((error) => errors.push(error));
  const heard = vi.fn();
  emitter.subscribe(() => {
    throw new Error('mine');
  });
  emitter.subscribe(heard);
  emitter.emit(1);
  expect(heard).toHaveBeenCalledWith(1);
  expect(errors).toEqual([new Error('mine')]);
});

test('a listener that leaves while it is told is told no more', () => {
  const emitter = new Emitter<number>();
  const heard: number[] = [];
  const leave = emitter.subscribe((value) => {
    heard.push(value);
    leave();
  });
  emitter.emit(1);
  emitter.emit(2);
  expect(heard).toEqual([1]);
  expect(emitter.size).toBe(0);
});

test('the same function twice needs two goodbyes', () => {
  const emitter = new Emitter<number>();
  const heard = vi.fn();
  const [first] = [emitter.subscribe(heard), emitter.subscribe(heard)];
  first();
  emitter.emit(1);
  expect(heard).toHaveBeenCalledTimes(1);
});

test('a SyncError crosses as plain data and comes back whole', () => {
  const error = new SyncError('too-large', 'Too large.', { details: { limit: 5 } });
  const back = SyncError.fromJSON(JSON.parse(JSON.stringify(error)));
  expect(back).toBeInstanceOf(SyncError);
  expect(back).toMatchObject({ kind: 'too-large', message: 'Too large.', details: { limit: 5 } });
});

test('what was thrown becomes a SyncError with its cause; a SyncError stays itself', () => {
  const cause = new TypeError('fetch failed');
  expect(SyncError.from(cause, 'network', 'The push')).toMatchObject({
    kind: 'network',
    message: 'The push: fetch failed',
    cause,
  });
  const known = new SyncError('closed', 'Closed.');
  expect(SyncError.from(known, 'network', 'The push')).toBe(known);
});

/** Retrying many while the queue moves. */
import { expect, test } from 'vitest';
import type { OutboxEntry, OutboxProgress, OutboxQuery } from '../../../src/client/types.ts';
import { retryAll } from '../../../src/store/retry-all.ts';

const COUNT = 1_200;

/** An engine whose server rejects everything again, at once: the entry stays in its place under another id. */
function stubbornEngine() {
  const idAt = new Map(Array.from({ length: COUNT }, (_, n) => [n, n]));
  const retried: number[] = [];
  let lastId = COUNT;
  return {
    idAt,
    retried,
    countOutbox: async () => idAt.size,
    listOutbox: async ({ after = -1, limit = COUNT }: OutboxQuery = {}) =>
      [...idAt]
        .filter(([position]) => position > after)
        .slice(0, limit)
        .map(([position, mutationId]) => ({ position, mutationId }) as OutboxEntry),
    async retryMutations(mutationIds: readonly number[]) {
      const wanted = new Set(mutationIds);
      const places = [...idAt].flatMap(([position, id]) => (wanted.has(id) ? [position] : []));
      for (const position of places) {
        retried.push(position);
        lastId += 1;
        idAt.set(position, lastId);
      }
      return places.length;
    },
  };
}

test('what is rejected again while others are retried is not retried again, and does not take their turn', async () => {
  const engine = stubbornEngine();
  const told: OutboxProgress[] = [];
  expect(await retryAll(engine, {}, { onProgress: (progress) => told.push(progress) })).toBe(COUNT);
  expect(engine.retried).toEqual(Array.from({ length: COUNT }, (_, n) => n));
  expect(told.at(-1)).toEqual({ doneCount: COUNT, totalCount: COUNT });
});

test('one that somebody discards meanwhile does not end it for the others', async () => {
  const engine = stubbornEngine();
  const onProgress = () => engine.idAt.delete(700);
  expect(await retryAll(engine, {}, { onProgress })).toBe(COUNT - 1);
  expect(engine.retried).toHaveLength(COUNT - 1);
});

test('it stops between two mutations', async () => {
  const engine = stubbornEngine();
  const stopper = new AbortController();
  expect(await retryAll(engine, {}, { onProgress: () => stopper.abort(), signal: stopper.signal })).toBe(50);
  expect(engine.retried).toHaveLength(50);
});

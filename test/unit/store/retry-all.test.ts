/** Retrying many while the queue moves. */
import { expect, test } from 'vitest';
import type { OutboxEntry, OutboxProgress, OutboxQuery } from '../../../src/client/types.ts';
import { SyncError } from '../../../src/shared/error.ts';
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
    async retryMutation(mutationId: number) {
      const place = [...idAt].find(([, id]) => id === mutationId);
      if (!place) throw new SyncError('not-found', 'It is gone.');
      retried.push(place[0]);
      lastId += 1;
      idAt.set(place[0], lastId);
      return { mutationId: lastId };
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
  await retryAll(engine, {}, { onProgress });
  expect(engine.retried).toHaveLength(COUNT - 1);
});

test('it stops between two mutations', async () => {
  const engine = stubbornEngine();
  const stopper = new AbortController();
  expect(await retryAll(engine, {}, { onProgress: () => stopper.abort(), signal: stopper.signal })).toBe(25);
  expect(engine.retried).toHaveLength(25);
});

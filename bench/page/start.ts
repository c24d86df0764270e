import { topList } from '../schema.ts';
import { Bare } from './bare.ts';
import { openDevice } from './device.ts';

/** From the start of the navigation to the first rows on the page, in milliseconds. */
export async function startOurs(options: { server: string }): Promise<number> {
  const sync = await openDevice('bench-live', { ...options, isQuiet: true });
  await sync.query({ sql: topList(50), parameters: [] });
  return performance.now();
}

export async function startBare(): Promise<number> {
  const bare = await Bare.open('start', { isFresh: false });
  await bare.ask({ type: 'query', sql: topList(50) });
  return performance.now();
}

/**
 * Starts the database worker. The one place that knows where its file is: bundlers read this very expression, so it
 * must stay one literal piece. The build points it at `worker.js`, which lies beside the built file.
 */
export function spawnWorker(): Worker {
  return new Worker(new URL('../worker/index.ts', import.meta.url), { type: 'module', name: 'tidemark' });
}

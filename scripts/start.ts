/**
 * `npm start`: the sync server over `./.tidemark/tracker.db` and the example app, until Ctrl-C.
 * `-- --import DIR` first loads CSV files, one per table; `--port`, `--app-port` and `--data DIR` choose other places.
 */
import { createServer as createNetServer } from 'node:net';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { createServer } from 'vite';
import { startTracker } from './tracker-server.ts';

const { values } = parseArgs({
  options: {
    import: { type: 'string' },
    port: { type: 'string' },
    'app-port': { type: 'string', default: '5173' },
    data: { type: 'string' },
  },
});
const root = resolve(import.meta.dirname, '..');

const tracker = await startTracker({
  file: resolve(values.data === undefined ? resolve(root, '.tidemark') : fromHere(values.data), 'tracker.db'),
  port: values.port === undefined ? await freePort(8787) : Number(values.port),
  ...(values.import === undefined ? {} : { importFrom: fromHere(values.import) }),
});
process.env.TIDEMARK_SERVER = tracker.url;
const app = await createServer({
  configFile: resolve(root, 'example-app/vite.config.ts'),
  logLevel: 'warn',
  server: { port: Number(values['app-port']) },
});
await app.listen();

console.log(`
  Sync server  ${tracker.url}
  Example app  ${app.resolvedUrls?.local[0] ?? ''}

  Open the app in two windows. Ctrl-C stops both.
`);

/** A path from where the person stood when calling npm, not from where npm went. */
function fromHere(path: string): string {
  return resolve(process.env.INIT_CWD ?? '.', path);
}

/** The wanted port, or any other when something listens there. */
function freePort(wanted: number): Promise<number> {
  return new Promise((found) => {
    const probe = createNetServer();
    probe.once('error', () => found(0));
    probe.listen(wanted, '127.0.0.1', () => probe.close(() => found(wanted)));
  });
}

let stopping = false;
async function stop(): Promise<void> {
  if (stopping) return;
  stopping = true;
  await app.close();
  await tracker.close();
  process.exit(0);
}
process.on('SIGINT', stop);
process.on('SIGTERM', stop);

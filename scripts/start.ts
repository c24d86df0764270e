/**
 * `npm start`: the sync server over `./.tidemark/tracker.db` and the example app, until Ctrl-C.
 * `-- --import DIR` first loads CSV files, one per table; `--port` and `--app-port` choose ports.
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
  },
});
const root = resolve(import.meta.dirname, '..');

const tracker = await startTracker({
  file: resolve(root, '.tidemark/tracker.db'),
  port: values.port === undefined ? await freePort(8787) : Number(values.port),
  // Where the person stood when calling npm, not where npm went.
  ...(values.import === undefined ? {} : { importFrom: resolve(process.env.INIT_CWD ?? '.', values.import) }),
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

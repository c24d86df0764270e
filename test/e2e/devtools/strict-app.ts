import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import react from '@vitejs/plugin-react';
import { build } from 'vite';
import { viteShared } from '../../../scripts/vite-shared.ts';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.wasm': 'application/wasm',
};

/** Nothing inline, nothing from elsewhere; WebAssembly is what SQLite is made of. */
export const POLICY =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; style-src 'self'";

export interface StrictApp {
  readonly url: string;
  close(): void;
}

/** A production build of the page beside this file, served with {@link POLICY} as its header. */
export async function openStrictApp(policy = POLICY): Promise<StrictApp> {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-strict-'));
  await build({
    ...viteShared,
    configFile: false,
    root: join(import.meta.dirname, 'page'),
    plugins: [react()],
    build: { outDir: folder, emptyOutDir: true, modulePreload: { polyfill: false }, reportCompressedSize: false },
    logLevel: 'error',
  });
  const server = await serveFolder(folder, policy);
  const address = server.address();
  if (typeof address !== 'object' || !address) throw new Error('The page server does not listen.');
  return {
    url: `http://127.0.0.1:${address.port}/`,
    close() {
      server.closeAllConnections();
      server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function serveFolder(folder: string, policy: string): Promise<Server> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const file = join(folder, pathname === '/' ? 'index.html' : pathname);
    if (!existsSync(file)) {
      response.writeHead(404).end();
      return;
    }
    const type = TYPES[extname(file)] ?? 'application/octet-stream';
    response.writeHead(200, { 'content-type': type, 'content-security-policy': policy }).end(readFileSync(file));
  });
  return new Promise((ready) => server.listen(0, '127.0.0.1', () => ready(server)));
}

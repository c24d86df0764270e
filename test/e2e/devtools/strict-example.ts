import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import react from '@vitejs/plugin-react';
import { build, preview } from 'vite';
import { startTracker } from '../../../scripts/tracker-server.ts';
import { viteShared } from '../../../scripts/vite-shared.ts';
import { NONCE } from './page/nonce.ts';

/**
 * Style elements with this nonce, nothing else inline, nothing from elsewhere but the icon that the page carries in itself;
 * WebAssembly is what SQLite is made of, and runs in a worker of this origin.
 */
export const STRICT_POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self'",
  "connect-src 'self'",
  `style-src 'self' 'nonce-${NONCE}'`,
  'img-src data:',
].join('; ');

export interface StrictExample {
  readonly url: string;
  close(): Promise<void>;
}

/** The example app as it is built, with the panel of production builds, under a policy, with its sync server on the same origin. */
export async function openStrictExample(): Promise<StrictExample> {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-strict-example-'));
  const tracker = await startTracker({ file: join(folder, 'tracker.db') });
  const config = {
    ...viteShared,
    configFile: false as const,
    root: resolve(import.meta.dirname, '../../../example-app'),
    plugins: [react()],
    resolve: {
      ...viteShared.resolve,
      alias: [
        { find: /^tidemark\/devtools$/, replacement: join(import.meta.dirname, 'page/with-nonce.tsx') },
        ...viteShared.resolve.alias,
      ],
    },
    build: {
      outDir: join(folder, 'built'),
      emptyOutDir: true,
      modulePreload: { polyfill: false },
      reportCompressedSize: false,
    },
    preview: {
      port: 0,
      host: '127.0.0.1',
      headers: { 'content-security-policy': STRICT_POLICY },
      proxy: { '/sync': { target: tracker.url, ws: true } },
    },
    logLevel: 'error' as const,
  };
  await build(config);
  const pages = await preview(config);
  return {
    url: pages.resolvedUrls?.local[0] ?? '',
    async close() {
      await pages.close();
      await tracker.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

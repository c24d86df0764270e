/**
 * The gzip size of what a browser loads of `tidemark`: client, hooks and worker, minified, without sqlite-wasm and the
 * peers (react, react-query, zustand), which are counted where they belong. Chunks that only an `import()` would load
 * are left out of the page: the engine in the page's own thread, say, which is for places without workers.
 */
import { join, relative, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { rolldown } from 'rolldown';
import { entries, rolldownAliases } from './public-names.ts';

/** Where it should get to, in bytes: the mark the benchmarks report against. */
export const sizeMark = 40 * 1024;
/** What it must not exceed today, in bytes. Lower it with every saving. */
export const sizeLimit = 94.5 * 1024;

const elsewhere = [/^@sqlite\.org\//, /^react(-dom)?(\/|$)/, /^@tanstack\/react-query(\/|$)/, /^zustand(\/|$)/];

export interface BundleSize {
  pageBytes: number;
  workerBytes: number;
  totalBytes: number;
}

export async function measureBundle(): Promise<BundleSize> {
  const pageBytes = await gzipSize(entries.tidemark);
  const workerBytes = await gzipSize(entries['tidemark/worker']);
  return { pageBytes, workerBytes, totalBytes: pageBytes + workerBytes };
}

async function gzipSize(input: string): Promise<number> {
  const build = await rolldown({
    input,
    cwd: resolve(import.meta.dirname, '..'),
    external: elsewhere,
    platform: 'browser',
    tsconfig: false,
    transform: { target: 'es2023', jsx: 'react-jsx', define: { 'process.env.NODE_ENV': '"production"' } },
    resolve: { alias: rolldownAliases },
    logLevel: 'silent',
  });
  const { output } = await build.generate({ format: 'es', minify: true });
  const chunks = new Map(output.filter((file) => file.type === 'chunk').map((chunk) => [chunk.fileName, chunk]));
  const loaded = new Set([...chunks.values()].filter((chunk) => chunk.isEntry).map((chunk) => chunk.fileName));
  // A set grows while it is walked: this reaches everything that is imported statically.
  for (const name of loaded) for (const next of chunks.get(name)?.imports ?? []) if (chunks.has(next)) loaded.add(next);
  const code = [...loaded].map((name) => chunks.get(name)?.code ?? '');
  return code.reduce((sum, text) => sum + gzipSync(text, { level: 9 }).length, 0);
}

const APP = 'virtual:app';

/** The files of the panel that an app's bundle holds, and their bytes, when it renders `<SyncDevtools />` of this subpath. */
export async function devtoolsIn(
  mode: 'production' | 'development',
  subpath: 'tidemark/devtools' | 'tidemark/devtools/production',
): Promise<{ files: string[]; bytes: number }> {
  const root = resolve(import.meta.dirname, '..');
  const build = await rolldown({
    input: APP,
    cwd: root,
    external: elsewhere,
    platform: 'browser',
    tsconfig: false,
    transform: { target: 'es2023', jsx: 'react-jsx', define: { 'process.env.NODE_ENV': JSON.stringify(mode) } },
    resolve: { alias: rolldownAliases },
    logLevel: 'silent',
    plugins: [
      {
        name: 'app',
        resolveId: (id) => (id === APP ? id : null),
        load: (id) =>
          id === APP
            ? `import { createElement } from 'react';
               import { SyncDevtools, SyncDevtoolsPanel } from '${subpath}';
               export const app = [createElement(SyncDevtools), createElement(SyncDevtoolsPanel)];`
            : null,
      },
    ],
  });
  const { output } = await build.generate({ format: 'es', minify: true });
  const modules = output.flatMap((file) => (file.type === 'chunk' ? Object.entries(file.modules) : []));
  // The subpath's own file is the component that renders nothing: it is the app's call to it that needs it.
  const panel = modules.filter(
    ([id, { code }]) => id.startsWith(join(root, 'devtools')) && !id.endsWith('devtools/index.tsx') && code,
  );
  return {
    files: panel.map(([id]) => relative(root, id)),
    bytes: panel.reduce((sum, [, { code }]) => sum + Buffer.byteLength(code ?? ''), 0),
  };
}

if (import.meta.main) {
  const [without, forced] = [
    await devtoolsIn('production', 'tidemark/devtools'),
    await devtoolsIn('production', 'tidemark/devtools/production'),
  ];
  console.log(
    `devtools in a production build: ${without.bytes} B; with tidemark/devtools/production ${forced.bytes} B, loaded later`,
  );
  if (without.bytes > 0 || forced.bytes === 0) {
    console.error(`The panel is where it should not be: ${without.files.join(', ')}`);
    process.exitCode = 1;
  }

  const size = await measureBundle();
  const kib = (bytes: number) => `${(bytes / 1024).toFixed(1)} KiB`;
  console.log(
    `page ${kib(size.pageBytes)} + worker ${kib(size.workerBytes)} = ${kib(size.totalBytes)}, limit ${kib(sizeLimit)}, mark ${kib(sizeMark)}`,
  );
  if (size.totalBytes > sizeLimit) process.exitCode = 1;
}

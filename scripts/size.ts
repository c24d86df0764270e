/**
 * The gzip size of what a browser loads of `tidemark`: client, hooks and worker, minified, without sqlite-wasm and the
 * peers (react, react-query, zustand), which are counted where they belong. Chunks that only an `import()` would load
 * are left out of the page: the engine in the page's own thread, say, which is for places without workers.
 */
import { resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { rolldown } from 'rolldown';
import { entries, rolldownAliases } from './public-names.ts';

/** Where it should get to, in bytes: the mark the benchmarks report against. */
export const sizeMark = 40 * 1024;
/** What it must not exceed today, in bytes. Lower it with every saving. */
export const sizeLimit = 80 * 1024;

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

if (import.meta.main) {
  const size = await measureBundle();
  const kib = (bytes: number) => `${(bytes / 1024).toFixed(1)} KiB`;
  console.log(
    `page ${kib(size.pageBytes)} + worker ${kib(size.workerBytes)} = ${kib(size.totalBytes)}, limit ${kib(sizeLimit)}, mark ${kib(sizeMark)}`,
  );
  if (size.totalBytes > sizeLimit) process.exitCode = 1;
}

/**
 * Builds `dist`: one ES module per published subpath with shared chunks between them, the worker as one file with its
 * WASM beside it (docs/decisions/0001-worker-packaging.md), and the types.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { type OutputChunk, type Plugin, type RolldownOptions, rolldown } from 'rolldown';
import manifest from '../package.json' with { type: 'json' };
import { distName, entries, rolldownAliases } from './public-names.ts';

const root = resolve(import.meta.dirname, '..');
const dist = join(root, 'dist');

/** Everything a user's package manager installs, and Node's own modules. */
const external = [
  ...[...Object.keys(manifest.dependencies), ...Object.keys(manifest.peerDependencies)].map(
    (name) => new RegExp(`^${name}(/|$)`),
  ),
  /^node:/,
];

async function bundle(options: RolldownOptions): Promise<void> {
  const build = await rolldown({
    ...options,
    cwd: root,
    tsconfig: false,
    transform: { target: 'es2023', jsx: 'react-jsx' },
    resolve: { alias: rolldownAliases },
    onwarn: (warning, warn) => {
      if (warning.code !== 'MODULE_LEVEL_DIRECTIVE') warn(warning);
    },
  });
  await build.write({ dir: dist, format: 'es', ...options.output });
}

/** In the source the worker is TypeScript in another folder; in `dist` it lies beside the file that starts it. */
const workerBesideUs: Plugin = {
  name: 'worker-beside-us',
  transform: {
    filter: { id: /spawn-worker\.ts$/ },
    // The replacement keeps to its line, so the source map stays true.
    handler: (code) => ({ code: replaceOnce(code, '../worker/index.ts', './worker.js'), map: null }),
  },
};

/** Cuts the two workers that sqlite-wasm could start and we never do: bundlers would look for their files. */
const onlyOurWorker: Plugin = {
  name: 'only-our-worker',
  transform: {
    filter: { id: /@sqlite\.org\/sqlite-wasm\/dist\/index\.mjs$/ },
    handler(code) {
      const withoutProxy = replaceOnce(
        code,
        'new URL("sqlite3-opfs-async-proxy.js", import.meta.url)',
        'new URL("about:blank")',
      );
      const withoutWorker1 = replaceOnce(
        withoutProxy,
        'new Worker(new URL("sqlite3-worker1.mjs", import.meta.url), { type: "module" })',
        'undefined',
      );
      return replaceOnce(
        withoutWorker1,
        'new URL("sqlite3.wasm", import.meta.url)',
        'new URL("./sqlite3.wasm", import.meta.url)',
      );
    },
  },
};

function replaceOnce(code: string, from: string, to: string): string {
  if (code.split(from).length !== 2) throw new Error(`Expected exactly one ${from} in the bundled source.`);
  return code.replace(from, to);
}

/** The worker must run as one classic or module file: no imports, no top-level await. */
const selfContained: Plugin = {
  name: 'self-contained',
  generateBundle(_options, output) {
    const chunks = Object.values(output).filter((file): file is OutputChunk => file.type === 'chunk');
    const [chunk] = chunks;
    if (chunks.length !== 1 || !chunk || chunk.imports.length > 0 || chunk.dynamicImports.length > 0)
      throw new Error(`The worker must be one file, but it is ${chunks.map((it) => it.fileName).join(', ')}.`);
  },
};

function emitTypes(): void {
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const { status } = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], {
    cwd: root,
    stdio: 'inherit',
  });
  if (status !== 0) throw new Error('The types could not be emitted.');
}

export async function buildPackage(): Promise<void> {
  const { 'tidemark/worker': worker, ...others } = entries;
  const inputs = Object.entries(others).map(([name, file]) => [distName(name), file]);
  rmSync(dist, { recursive: true, force: true });
  await bundle({
    input: { ...Object.fromEntries(inputs), cli: 'src/cli/index.ts' },
    external,
    // Neither Node nor a browser; and `process.env.NODE_ENV` stays for the app's own build to decide.
    platform: 'neutral',
    plugins: [workerBesideUs],
    output: { sourcemap: true, chunkFileNames: 'chunk-[name]-[hash].js' },
  });
  await bundle({
    input: { worker },
    platform: 'browser',
    plugins: [onlyOurWorker, selfContained],
    // Not minified: stack traces stay readable, and the app's own build minifies it.
    output: { codeSplitting: false },
  });
  const sqlite = createRequire(import.meta.url).resolve('@sqlite.org/sqlite-wasm/sqlite3.wasm');
  cpSync(sqlite, join(dist, 'sqlite3.wasm'));
  emitTypes();
}

if (import.meta.main) await buildPackage();

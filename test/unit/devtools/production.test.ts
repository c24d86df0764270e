import { resolve } from 'node:path';
import { build as esbuild } from 'esbuild';
import { rolldown } from 'rolldown';
import { expect, test } from 'vitest';
import { rolldownAliases } from '../../../scripts/public-names.ts';

const ENTRY = 'virtual:app';

/** Each test builds the panel: seconds on a busy machine. */
const BUILD_TIMEOUT_MS = 60_000;

/** What an app's production build has of `import { SyncDevtools } from <name>`. */
async function build(name: string): Promise<{ first: string; later: string }> {
  const bundle = await rolldown({
    input: ENTRY,
    cwd: resolve(import.meta.dirname, '../../..'),
    external: [/^react/, /^zustand/, /^@tanstack/],
    platform: 'browser',
    tsconfig: false,
    transform: { target: 'es2023', jsx: 'react-jsx', define: { 'process.env.NODE_ENV': '"production"' } },
    resolve: { alias: rolldownAliases },
    treeshake: { moduleSideEffects: false },
    logLevel: 'silent',
    plugins: [
      {
        name: 'app',
        resolveId: (id) => (id === ENTRY ? id : null),
        load: (id) =>
          id === ENTRY
            ? `import { SyncDevtools, SyncDevtoolsPanel } from '${name}'; export const app = [SyncDevtools, SyncDevtoolsPanel];`
            : null,
      },
    ],
  });
  const { output } = await bundle.generate({ format: 'es', minify: true });
  const chunks = output.filter((file) => file.type === 'chunk');
  const code = (isEntry: boolean) =>
    chunks
      .filter((chunk) => chunk.isEntry === isEntry)
      .map((chunk) => chunk.code)
      .join('');
  return { first: code(true), later: code(false) };
}

test('tidemark/devtools is nothing in a production build', { timeout: BUILD_TIMEOUT_MS }, async () => {
  const { first, later } = await build('tidemark/devtools');
  expect(first.length).toBeLessThan(120);
  expect(first).toContain('null');
  expect(later).toBe('');
});

test('tidemark/devtools/production is there, and loaded later', { timeout: BUILD_TIMEOUT_MS }, async () => {
  const { first, later } = await build('tidemark/devtools/production');
  expect(first.length).toBeLessThan(2_000);
  expect(later).toContain('attachShadow');
});

/** What esbuild makes of the same app when it splits the code: whatever an `import()` names is a file of its own, reached or not. */
async function split(name: 'index' | 'production'): Promise<string[]> {
  const { metafile } = await esbuild({
    stdin: {
      contents: `import { SyncDevtools, SyncDevtoolsPanel } from './devtools/${name}.tsx'; console.log(SyncDevtools, SyncDevtoolsPanel);`,
      resolveDir: resolve(import.meta.dirname, '../../..'),
    },
    bundle: true,
    splitting: true,
    format: 'esm',
    jsx: 'automatic',
    outdir: 'nowhere',
    write: false,
    metafile: true,
    packages: 'external',
    define: { 'process.env.NODE_ENV': '"production"' },
  });
  return Object.values(metafile.outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([file, { bytesInOutput }]) => (bytesInOutput > 0 ? [file] : [])),
  );
}

test('a bundler that makes a file of each import() leaves nothing of the panel either', async () => {
  expect((await split('index')).sort()).toEqual(['<stdin>', 'devtools/index.tsx']);
  expect((await split('production')).length).toBeGreaterThan(50);
});

import { describe, expect, test } from 'vitest';
import { entries } from '../../scripts/public-names.ts';
import { findCycle, readSources, type SourceFile } from './source.ts';

/** Which layers each layer may import. Adding a name here is a change of architecture. */
const allowed: Record<string, readonly string[]> = {
  shared: [],
  protocol: ['shared'],
  core: ['shared', 'protocol'],
  storage: ['shared', 'protocol', 'core'],
  transport: ['shared', 'protocol', 'core'],
  client: ['shared', 'protocol', 'core', 'storage', 'transport'],
  worker: ['shared', 'protocol', 'core', 'storage', 'transport', 'client'],
  store: ['shared', 'protocol', 'core', 'storage', 'transport', 'client'],
  react: ['shared', 'protocol', 'core', 'storage', 'transport', 'client', 'worker', 'store'],
  server: ['shared', 'protocol', 'core'],
  cli: ['shared', 'protocol', 'core', 'server'],
  devtools: ['shared', 'protocol', 'core', 'client', 'store', 'react'],
};

/** A face gathers what a published subpath offers, from any layer; the layers never import a face. */
const faces = new Set<string>(Object.values(entries));
const sources = readSources('src', 'devtools');
const layers = sources.filter((file) => !faces.has(file.path) && layerOf(file.path) !== 'testing');

function layerOf(path: string): string {
  return path.startsWith('src/') ? (path.split('/')[1] ?? '') : (path.split('/')[0] ?? '');
}

function mayImport(from: SourceFile, to: string): boolean {
  const [own, other] = [layerOf(from.path), layerOf(to)];
  return own === other || (allowed[own] ?? []).includes(other);
}

describe('the layers', () => {
  test('import in one direction', () => {
    const wrong = layers.flatMap((file) =>
      file.imports.filter((to) => !mayImport(file, to)).map((to) => `${file.path} imports ${to}`),
    );
    expect(wrong).toEqual([]);
  });

  test('never import a published face', () => {
    const wrong = layers.flatMap((file) =>
      file.imports.filter((to) => faces.has(to)).map((to) => `${file.path} imports ${to}`),
    );
    expect(wrong).toEqual([]);
  });

  test('have no import cycles', () => {
    expect(findCycle(sources)).toBeUndefined();
  });

  test('leave React to the React layer, the devtools and the test helpers', () => {
    const free = layers.filter((file) => !['react', 'devtools'].includes(layerOf(file.path)));
    const wrong = free.filter((file) =>
      file.packages.some((name) => /^(react|react-dom|@tanstack\/react-.*)(\/|$)/.test(name)),
    );
    expect(wrong.map((file) => file.path)).toEqual([]);
  });
});

describe('time and chance', () => {
  const impure = /\bDate\.now\b|\bnew Date\(\)|\bMath\.random\b|\bset(?:Timeout|Interval)\(|\bcrypto\.|\bperformance\./;
  /** The edges, where the world outside is the subject. */
  const isEdge = (path: string) => path === 'src/shared/runtime.ts' || /^src\/(cli|testing)\//.test(path);

  test('come in through the runtime only', () => {
    const wrong = sources.filter(
      (file) => file.path.startsWith('src/') && !isEdge(file.path) && impure.test(file.code),
    );
    expect(wrong.map((file) => file.path)).toEqual([]);
  });

  test('and I/O stay out of core', () => {
    const io = /\bfetch\(|\bWebSocket\b|\bWorker\(|\bnavigator\b|\blocalStorage\b|\bqueueMicrotask\b|\bconsole\./;
    const core = sources.filter((file) => layerOf(file.path) === 'core' && !faces.has(file.path));
    const wrong = core.filter((file) => io.test(file.code) || file.packages.some((name) => name.startsWith('node:')));
    expect(wrong.map((file) => file.path)).toEqual([]);
  });
});

test('no file is longer than 400 lines', () => {
  const long = sources
    .map((file) => [file.path, file.text.split('\n').length] as const)
    .filter(([, lines]) => lines > 400);
  expect(long).toEqual([]);
});

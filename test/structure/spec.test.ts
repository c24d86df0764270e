/** Each numbered invariant of a SPEC.md names its test: by its number in a test's title, or by a file. Both must be there. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '../..');

const filesIn = (folder: string) =>
  readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

const specs = filesIn('src').filter((path) => path.endsWith('SPEC.md'));
const testFiles = filesIn('test').filter((path) => /\.test\.tsx?$/.test(path));

interface Invariant {
  readonly number: string;
  readonly text: string;
}

/** `- **P1** …` and `1. …`, each up to the next one or the end of its list. */
function invariantsOf(spec: string): Invariant[] {
  const found = [
    ...spec.matchAll(
      /^(?:- \*\*([A-Z]\d+(?:, [A-Z]\d+)*)\*\*|(\d+[a-z]?)\.) ([\s\S]*?)(?=^- \*\*|^\d+[a-z]?\. |^\n|^#|$(?![\s\S]))/gm,
    ),
  ];
  return found.map(([, letter, digits, text]) => ({ number: letter ?? digits ?? '', text: text ?? '' }));
}

/** The folder in test/unit that mirrors a folder of src, and the tests in it. */
function testsBeside(spec: string): string {
  const folder = join(root, 'test/unit', relative(join(root, 'src'), dirname(spec)));
  return testFiles
    .filter((path) => dirname(path) === folder)
    .map((path) => readFileSync(path, 'utf8'))
    .join('\n');
}

/** Names of test files in backticks: as they are called beside the mirror, from there, or from the root. */
function namedFiles(text: string): string[] {
  return [...text.matchAll(/`([\w./-]+\.test\.tsx?)`/g)].map(([, name]) => name ?? '');
}

describe.each(specs.map((spec) => [relative(root, spec), spec] as const))('%s', (_, spec) => {
  const invariants = invariantsOf(readFileSync(spec, 'utf8'));
  const mirror = join(root, 'test/unit', relative(join(root, 'src'), dirname(spec)));

  test('has invariants, and each number once', () => {
    const numbers = invariants.map(({ number }) => number);
    expect(numbers.length).toBeGreaterThan(5);
    expect(new Set(numbers).size).toBe(numbers.length);
  });

  test.each(invariants.map((one) => [one.number, one] as const))(
    '%s names a test that exists',
    (_number, { number, text }) => {
      const files = namedFiles(text);
      const gone = files.filter((name) => !existsSync(join(mirror, name)) && !existsSync(join(root, name)));
      expect(gone).toEqual([]);
      if (files.length === 0) expect(testsBeside(spec)).toMatch(new RegExp(`['"\`]${number}: `));
    },
  );
});

test('the documents name tests and folders that exist', () => {
  const text = readFileSync(join(root, 'docs/consistency.md'), 'utf8');
  const named = [...text.matchAll(/`(test\/[\w./-]+)`/g)].map(([, path]) => path ?? '');
  expect(named.length).toBeGreaterThan(10);
  const isThere = (path: string) =>
    [path, `${path}.test.ts`, `${path}.test.tsx`].some((one) => existsSync(join(root, one)));
  expect(named.filter((path) => !isThere(path))).toEqual([]);
});

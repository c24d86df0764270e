/** What the README and the guides show is checked as its reader's compiler would, and run where it is a test. */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
// Where the packages it imports are found, and no other check looks.
const cache = join(root, 'node_modules/.cache');
mkdirSync(cache, { recursive: true });
const folder = mkdtempSync(join(cache, 'readme-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The code blocks of a page, in order. */
function blocksOf(page: string): { language: string; code: string }[] {
  const text = readFileSync(join(root, page), 'utf8');
  return [...text.matchAll(/```(tsx?)\n(.*?)```/gs)].map(([, language = '', code = '']) => ({ language, code }));
}

/** What the compiler says of these files; nothing when they compile. */
async function compile(files: readonly string[]): Promise<string> {
  const project = join(folder, `tsconfig.${files[0]}.json`);
  writeFileSync(project, JSON.stringify({ extends: join(root, 'tsconfig.json'), files, include: [] }));
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const told = await promisify(execFile)(process.execPath, [tsc, '--noEmit', '-p', project]).catch(
    (error: { stdout: string }) => error,
  );
  return told.stdout;
}

test("the README's first app compiles", async () => {
  const app = blocksOf('README.md').find(({ language }) => language === 'tsx')?.code ?? '';
  expect(app).toContain('createSync');
  writeFileSync(join(folder, 'app.tsx'), app);
  expect(await compile(['app.tsx'])).toBe('');
}, 60_000);

test('what the guide to testing shows compiles', async () => {
  const blocks = blocksOf('docs/testing-your-app.md');
  expect(blocks.length).toBeGreaterThanOrEqual(4);
  const files = blocks.map(({ language, code }, index) => {
    const name = `guide-${index}.${language}`;
    writeFileSync(join(folder, name), code);
    return name;
  });
  expect(await compile(files)).toBe('');
}, 60_000);

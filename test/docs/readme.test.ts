/** The README's first app is checked as its reader's compiler would: what it shows has to compile. */
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

test("the README's first app compiles", async () => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const [, app] = /```tsx\n(.*?)```/s.exec(readme) ?? [];
  expect(app).toContain('createSync');
  writeFileSync(join(folder, 'app.tsx'), app ?? '');
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ extends: join(root, 'tsconfig.json'), files: ['app.tsx'], include: [] }),
  );
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const told = await promisify(execFile)(process.execPath, [tsc, '--noEmit', '-p', folder]).catch(
    (error: { stdout: string }) => error,
  );
  expect(told.stdout).toBe('');
}, 60_000);

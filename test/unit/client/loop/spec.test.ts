import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const here = import.meta.dirname;
const spec = readFileSync(join(here, '../../../../src/client/loop/SPEC.md'), 'utf8');
const tests = readdirSync(here)
  .filter((name) => name.endsWith('.test.ts'))
  .map((name) => readFileSync(join(here, name), 'utf8'))
  .join('\n');

const numbers = [...spec.matchAll(/^- \*\*(.+?)\*\*/gm)].map(([, number]) => number ?? '');

test.each(numbers)('invariant %s has a test', (number) => {
  expect(tests).toContain(`'${number}: `);
});

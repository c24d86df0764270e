import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { main } from '../../src/cli/main.ts';
import { encode } from '../../src/protocol/codec.ts';
import { jwtAuth } from '../../src/server/jwt/jwt-auth.ts';
import { push } from './server-edge-harness.ts';

const root = resolve(import.meta.dirname, '../..');
const SCHEMA = `import { defineSchema, t, table } from 'tidemark/core';
const version: number = 3;
export const schema = defineSchema({ version, tables: { note: table({ id: t.text(), body: t.text() }) } });`;

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidemark-cli-'));
  writeFileSync(join(folder, 'schema.ts'), SCHEMA);
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** A command in this process, with what it printed. */
function run(...args: string[]) {
  const printed: string[] = [];
  const warned: string[] = [];
  const stop = new AbortController();
  let onPrint = () => {};
  const code = main(args, {
    cwd: folder,
    env: {},
    print: (text) => {
      printed.push(text);
      onPrint();
    },
    warn: (text) => void warned.push(text),
    stop: stop.signal,
  });
  const firstPrint = () =>
    printed.length > 0
      ? Promise.resolve()
      : new Promise<void>((resolve) => {
          onPrint = resolve;
        });
  return { code, printed, warned, stop, firstPrint };
}

async function failure(...args: string[]): Promise<string> {
  const { code, warned } = run(...args);
  expect(await code).toBe(1);
  return warned.join('\n');
}

describe('tidemark', () => {
  test.each([['help'], ['--help'], ['serve', '--help'], ['serve', '-h']])('%s shows the help', async (...args) => {
    const { code, printed } = run(...args);
    expect(await code).toBe(0);
    expect(printed.join()).toContain('tidemark serve --schema FILE');
  });

  test('says what it does not know or have', async () => {
    expect(await failure('frobnicate')).toContain('"frobnicate"');
    expect(await failure('init')).toContain('postgres');
    expect(await failure('serve', '--bogus')).toContain('--bogus');
  });
});

describe('tidemark serve says what is wrong:', () => {
  test.each([
    ['no schema given', [], '--schema (TIDEMARK_SCHEMA) is missing'],
    ['a file that is not there', ['--schema', 'nowhere.ts'], 'There is no file'],
    ['a module without a schema', ['--schema', 'empty.ts'], 'must export `schema`'],
    ['a module that throws', ['--schema', 'throws.ts'], 'primaryKey'],
    ['a port that is none', ['--schema', 'schema.ts', '--port', '99999'], '--port'],
    ['a log level that is none', ['--schema', 'schema.ts', '--log', 'loud'], '--log'],
    ['a file that is no database', ['--schema', 'schema.ts', '--file', 'schema.ts'], 'schema.ts could not be opened.'],
    [
      'a database that does not answer',
      ['--schema', 'schema.ts', '--database-url', 'postgres://ada:hidden@127.0.0.1:1/app'],
      'Postgres at 127.0.0.1:1/app, schema public could not be opened.',
    ],
    ['hooks without a hook', ['--schema', 'schema.ts', '--hooks', 'empty.ts'], 'none of auth, access, validate'],
    ['a hook that is no function', ['--schema', 'schema.ts', '--hooks', 'hooks.ts'], 'auth must be a function'],
  ])('%s', async (_, args, message) => {
    writeFileSync(join(folder, 'empty.ts'), 'export const other = 1;');
    writeFileSync(join(folder, 'hooks.ts'), 'export const auth = "secret";');
    writeFileSync(
      join(folder, 'throws.ts'),
      SCHEMA.replace(/body: t.text\(\) \}/, 'body: t.text() }, { primaryKey: [] }').replace(
        'primaryKey: []',
        'primaryKey: ["primaryKey"]',
      ),
    );
    expect(await failure('serve', ...args)).toContain(message);
  });
});

test('serve and inspect tell of the same data, and a stop is clean', async () => {
  writeFileSync(
    join(folder, 'hooks.ts'),
    `export const auth = ({ token }) => (token === 'let-me-in' ? { id: 'ada' } : null);`,
  );
  const served = run('serve', '--schema', 'schema.ts', '--port', '0', '--hooks', 'hooks.ts', '--base', '/sync');
  await served.firstPrint();
  const url = /http:\S+/.exec(served.printed.join())?.[0] ?? 'no url';
  expect(url).toMatch(/\/sync$/);
  expect(served.printed.join()).toContain('as told by auth');
  const answer = await fetch(`${url}/v1/push`, {
    method: 'POST',
    headers: { 'content-type': 'application/cbor', authorization: 'Bearer let-me-in' },
    body: encode(push(1, 'one')) as Uint8Array<ArrayBuffer>,
  });
  expect(answer.status).toBe(200);

  expect(await failure('inspect', '--url', url)).toContain('--token');
  const asked = run('inspect', '--url', url, '--token', 'let-me-in');
  expect(await asked.code).toBe(0);
  expect(asked.printed.join()).toMatch(/head +1\n/);
  const looked = run('inspect', '--file', 'tidemark.db');
  expect(await looked.code).toBe(0);
  expect(looked.printed.join()).toMatch(/head +1\n/);
  expect(looked.printed.join()).toMatch(/rows note +1/);

  served.stop.abort();
  expect(await served.code).toBe(0);
  expect(await failure('inspect', '--url', url)).toContain('Nobody answers');
  expect(await failure('inspect', '--file', 'schema.ts')).toContain('cannot be read');
});

test('restored begins a new history in a file, and takes nothing from it', async () => {
  const epochOf = async () => {
    const { code, printed } = run('inspect', '--file', 'data.db');
    expect(await code).toBe(0);
    return /^epoch +(.+)$/m.exec(printed.join())?.[1];
  };
  const serving = run('serve', '--schema', 'schema.ts', '--file', 'data.db', '--port', '0');
  await serving.firstPrint();
  serving.stop.abort();
  expect(await serving.code).toBe(0);
  const before = await epochOf();
  const { code, printed } = run('restored', '--schema', 'schema.ts', '--file', 'data.db');
  expect(await code).toBe(0);
  expect(before).toBeDefined();
  expect(await epochOf()).not.toBe(before);
  expect(printed.join()).toContain(await epochOf());
  expect(await failure('restored', '--schema', 'schema.ts', '--file', 'none.db')).toContain('There is no file');
  expect(await failure('restored', '--file', 'data.db')).toContain('--schema');
});

test('a process stops cleanly on SIGTERM and keeps what it stored', async () => {
  const command = ['--import', join(root, 'scripts/source-names.ts'), join(root, 'src/cli/index.ts')];
  const start = async (): Promise<{ child: ChildProcess; url: string }> => {
    const child = spawn(process.execPath, [...command, 'serve', '--schema', 'schema.ts', '--port', '0'], {
      cwd: folder,
      // Without the variables of whoever runs the tests: serve refuses those it does not know.
      env: Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('TIDEMARK_'))),
    });
    const [text] = (await once(child.stdout, 'data')) as [Buffer];
    return { child, url: /http:\S+/.exec(text.toString())?.[0] ?? text.toString() };
  };
  const first = await start();
  await fetch(`${first.url}/v1/push`, {
    method: 'POST',
    headers: { 'content-type': 'application/cbor' },
    body: encode(push(1, 'one')) as Uint8Array<ArrayBuffer>,
  });
  first.child.kill('SIGTERM');
  expect(await once(first.child, 'exit')).toEqual([0, null]);
  const second = await start();
  expect(await (await fetch(`${second.url}/v1/stats`)).json()).toMatchObject({ head: 1 });
  second.child.kill('SIGINT');
  expect(await once(second.child, 'exit')).toEqual([0, null]);
}, 30_000);

test('a schema file that Node takes for CommonJS is explained', async () => {
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'commonjs' }));
  const command = ['--import', join(root, 'scripts/source-names.ts'), join(root, 'src/cli/index.ts')];
  const child = spawn(process.execPath, [...command, 'serve', '--schema', 'schema.ts', '--port', '0'], {
    cwd: folder,
    env: Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('TIDEMARK_'))),
  });
  const [said, [code]] = await Promise.all([text(child.stderr as NodeJS.ReadableStream), once(child, 'exit')]);
  expect(code).toBe(1);
  expect(said).toMatch(/schema\.ts could not be loaded.*"type": "commonjs".*\.mts/);
}, 30_000);

describe('tidemark token', () => {
  const secret = 'for development only, never in production';

  test('signs a token that jwtAuth takes', async () => {
    const { code, printed } = run(
      ...['token', '--secret', secret, '--sub', 'ana', '--expires', '15m', '--audience', 'issues'],
      ...['--claim', 'role=editor', '--claim', 'orgs=["a","b"]', '--claim', 'note=a=b'],
    );
    expect(await code).toBe(0);
    const now = Date.now();
    const identity = await jwtAuth({ secret, audience: 'issues' })({ token: printed.join() });
    expect(identity).toMatchObject({ id: 'ana', role: 'editor', orgs: ['a', 'b'], note: 'a=b' });
    expect(Math.abs((identity?.expiresAt ?? 0) - now - 900_000)).toBeLessThan(60_000);
  });

  test.each([
    ['no secret', ['--sub', 'ana'], '--secret'],
    ['no subject', ['--secret', secret], '--sub'],
    ['a secret that is too short', ['--secret', 'short', '--sub', 'ana'], '5 bytes'],
    ['a time that is none', ['--secret', secret, '--sub', 'ana', '--expires', 'soon'], '30s'],
    ['a claim without a value', ['--secret', secret, '--sub', 'ana', '--claim', 'role'], 'name=value'],
    ['a claim that has its own option', ['--secret', secret, '--sub', 'ana', '--claim', 'exp=1'], '--expires'],
  ])('says what is wrong: %s', async (_name, args, expected) => {
    expect(await failure('token', ...args)).toContain(expected);
  });
});

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readSettings } from '../../../src/cli/settings.ts';

const read = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  readSettings(args, { cwd: tmpdir(), env });

/** The lines of the complaint, without the frame. */
function problems(args: readonly string[], env: Readonly<Record<string, string>> = {}): string[] {
  try {
    read(args, env);
  } catch (error) {
    return String(error).split('\n').slice(1, -1);
  }
  return [];
}

describe('the settings of a server', () => {
  test('have defaults for everything but the schema', () => {
    expect(read(['--schema', 's.ts'])).toEqual({
      schema: 's.ts',
      databaseSchema: 'public',
      rowLevelSecurity: false,
      port: 8787,
      host: '127.0.0.1',
      rateLimit: true,
      rateLimitStore: 'memory',
      proxyCount: 0,
      drainMs: 5000,
      log: 'warn',
    });
  });

  test('come from the environment, and a flag goes before its variable', () => {
    const env = {
      TIDEMARK_SCHEMA: 's.ts',
      TIDEMARK_PORT: '1',
      TIDEMARK_CORS: 'https://a.example, https://b.example',
      TIDEMARK_DATABASE_URL: 'postgres://db/app',
      TIDEMARK_FILE: '',
      HOME: '/root',
    };
    expect(read(['--port', '2'], env)).toMatchObject({
      port: 2,
      cors: ['https://a.example', 'https://b.example'],
      databaseUrl: 'postgres://db/app',
    });
  });

  test('take a secret from the file that a variable names', () => {
    const folder = mkdtempSync(join(tmpdir(), 'tidemark-settings-'));
    writeFileSync(join(folder, 'secret'), `${'s'.repeat(32)}\n`);
    const env = { TIDEMARK_JWT_SECRET_FILE: join(folder, 'secret') };
    expect(read(['--schema', 's.ts'], env).jwtSecret).toBe('s'.repeat(32));
    rmSync(folder, { recursive: true });
  });

  test('whose file is empty or not there are named, beside what else is wrong', () => {
    const folder = mkdtempSync(join(tmpdir(), 'tidemark-settings-'));
    writeFileSync(join(folder, 'empty'), '\n');
    const env = { TIDEMARK_JWT_SECRET_FILE: join(folder, 'empty'), TIDEMARK_MONITOR_TOKEN_FILE: join(folder, 'gone') };
    expect(problems(['--schema', 's.ts', '--port', 'x'], env)).toEqual([
      expect.stringMatching(/TIDEMARK_JWT_SECRET_FILE: The file .*empty is empty/),
      expect.stringMatching(/TIDEMARK_MONITOR_TOKEN_FILE: There is no file .*gone/),
      expect.stringMatching(/--port/),
    ]);
    rmSync(folder, { recursive: true });
  });

  test('let nobody in without a token because the key is empty', () => {
    const args = ['--schema', 's.ts'];
    expect(problems(args, { TIDEMARK_JWT_SECRET: '' })).toEqual([
      expect.stringMatching(/TIDEMARK_JWT_SECRET is empty/),
    ]);
    expect(problems(args, { TIDEMARK_JWT_JWKS: '' })).toEqual([expect.stringMatching(/TIDEMARK_JWT_JWKS is empty/)]);
    // One of the two is enough: compose files name both.
    expect(read(args, { TIDEMARK_JWT_SECRET: 's'.repeat(32), TIDEMARK_JWT_JWKS: '' }).jwtJwks).toBeUndefined();
  });

  test('are refused all at once, each by its name', () => {
    const found = problems(['--port', '99999', '--log', 'loud'], {
      TIDEMARK_CORS: 'app.example',
      TIDEMARK_BASE: 'sync',
    });
    expect(found).toEqual([
      expect.stringMatching(/--schema \(TIDEMARK_SCHEMA\) is missing/),
      expect.stringMatching(/--port \(TIDEMARK_PORT\).*0 to 65535.*99999/),
      expect.stringMatching(/--base \(TIDEMARK_BASE\) must begin with \//),
      expect.stringMatching(/--cors \(TIDEMARK_CORS\) must be origins.*app\.example/),
      expect.stringMatching(/--log \(TIDEMARK_LOG\).*"loud"/),
    ]);
  });

  test('that are misspelt are named beside those there are', () => {
    expect(problems(['--schema', 's.ts'], { TIDEMARK_DATABASE: 'x' })).toEqual([
      expect.stringMatching(/TIDEMARK_DATABASE is no setting.*TIDEMARK_DATABASE_URL/),
    ]);
    expect(() => read(['--schema', 's.ts', '--prot', '1'])).toThrow(/--prot/);
  });

  test.each([
    [['--file', 'a.db', '--database-url', 'postgres://db/app'], {}, /not both/],
    [['--row-level-security', 'on'], {}, /needs --database-url/],
    [['--rate-limit-store', 'postgres'], {}, /needs --database-url/],
    [['--proxies', '10.0.0.0/8, fd00::1', '--proxy-count', '1'], {}, /not both/],
    [['--proxies', '10.0.0.0/33'], {}, /networks such as/],
    [['--jwt-issuer', 'me'], {}, /without TIDEMARK_JWT_SECRET/],
    [['--database-url', 'postgres://db/app', '--row-level-security', 'on'], {}, /who calls/],
    [['--jwt-jwks', 'https://a.example/keys'], { TIDEMARK_JWT_SECRET: 's'.repeat(32) }, /not both/],
  ])('that contradict each other are refused: %j', (args, env, message) => {
    expect(problems(['--schema', 's.ts', ...args], env)).toEqual([expect.stringMatching(message)]);
  });

  test('never repeat a secret in a complaint', () => {
    const found = problems(['--schema', 's.ts'], {
      TIDEMARK_JWT_SECRET: 'short-canary',
      TIDEMARK_DATABASE_URL: 'mysql://user:canary@db/app',
    });
    expect(found).toHaveLength(2);
    expect(found.join()).not.toContain('canary');
  });
});

import { readdirSync, readFileSync } from 'node:fs';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { VARIABLES } from '../../../src/cli/settings.ts';
import type { WireValue } from '../../../src/protocol/codec/wire-value.ts';
import { decode, encode } from '../../../src/protocol/codec.ts';
import { createDatabase, type TestDatabase } from '../../support/postgres.ts';

const folder = new URL('../../../deploy/', import.meta.url);
const SECRET = 'a secret of at least 32 characters';

test('the files to deploy with set only variables that there are', () => {
  const files = readdirSync(folder).filter((name) => !name.endsWith('edge'));
  const text = files.map((name) => readFileSync(new URL(name, folder), 'utf8')).join('\n');
  const named = new Set(text.match(/TIDEMARK_[A-Z_]+/g));
  // The version to install is a variable of the image's build.
  named.delete('TIDEMARK_VERSION');
  expect(named.size).toBeGreaterThan(5);
  expect([...named].filter((name) => !VARIABLES.includes(name))).toEqual([]);
});

describe('the example for an edge runtime', () => {
  let database: TestDatabase;
  let fetch: (request: Request) => Response | Promise<Response>;

  beforeAll(async () => {
    database = await createDatabase();
    vi.stubEnv('DATABASE_URL', database.url);
    vi.stubEnv('JWT_SECRET', SECRET);
    ({ fetch } = (await import('../../../deploy/edge/worker.ts')).default);
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await database.drop();
  });

  async function post(path: string, subject: string, body: WireValue) {
    const token = await new SignJWT({ sub: subject })
      .setProtectedHeader({ alg: 'HS256' })
      .setExpirationTime('1h')
      .sign(new TextEncoder().encode(SECRET));
    const request = new Request(`https://edge.example${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/cbor' },
      body: encode(body) as Uint8Array<ArrayBuffer>,
    });
    const response = await fetch(request);
    return { status: response.status, body: decode(new Uint8Array(await response.arrayBuffer())) };
  }

  test('takes a push and gives it to its owner alone', async () => {
    const id = '11111111-1111-4111-8111-111111111111';
    const note = { table: 'note', key: [id], op: 'put', columns: { owner: 'anna', body: 'from the edge' } };
    const pushed = await post('/v1/push', 'anna', {
      clientId: 'device-1',
      schemaVersion: 1,
      mutations: [{ mutationId: 1, hlc: '0000000000000001', base: 0, changes: [note] }],
      decides: [],
    });
    expect(pushed).toMatchObject({ status: 200, body: { outcomes: [{ mutationId: 1, outcome: 'applied' }] } });
    const pull = (clientId: string) => ({ clientId, schemaVersion: 1, cursor: null, scopes: [], resume: null });
    expect(JSON.stringify(await post('/v1/pull', 'anna', pull('device-2')))).toContain('from the edge');
    expect(JSON.stringify(await post('/v1/pull', 'ben', pull('device-3')))).not.toContain('from the edge');
  });
});

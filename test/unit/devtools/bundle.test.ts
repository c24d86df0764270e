import { describe, expect, test } from 'vitest';
import { BUNDLE_KIND, BUNDLE_VERSION, type Bundle } from '../../../devtools/data/bundle/bundle.ts';
import { bundleSync } from '../../../devtools/data/bundle/bundle-sync.ts';
import { bundleText, parseBundle } from '../../../devtools/data/bundle/bundle-text.ts';
import { redactedQueries, redactedState, redactedText } from '../../../devtools/data/bundle/redact.ts';
import { schemaToWire } from '../../../src/client/schema-wire.ts';
import { EVENT_MIRROR_LIMIT, type OutboxEntry } from '../../../src/client/types.ts';
import { fakeState } from '../../../src/testing/fake-state.ts';
import { schema } from './schema.ts';

const entry: OutboxEntry = {
  mutationId: 1,
  state: 'rejected',
  hlc: '0'.repeat(16),
  base: 0,
  createdAt: 1,
  attempts: 2,
  sizeBytes: 90,
  changeCount: 1,
  tables: ['issue'],
  changes: [
    {
      table: 'issue',
      key: ['secret-key'],
      op: 'patch',
      columns: { title: 'secret title', priority: 7n, body: null },
      counters: { votes: 8_675_309 },
      old: { title: 'older secret' },
    },
  ],
  reason: { code: 'invalid-value', message: 'The title "secret title" is too long.' },
  waitsFor: null,
};

const state = fakeState({
  outbox: [entry, { ...entry, mutationId: 2 }],
  cursors: [{ scope: 'user:secret-person', cursor: null, head: 4, lag: null, isComplete: false, isFollowed: true }],
  devices: [{ deviceId: 'd', name: 'secret phone', firstSeenAt: 0, lastSeenAt: 0, revoked: false, isThisDevice: true }],
  conflicts: [
    {
      id: 'c',
      mutationId: 1,
      state: 'open',
      kind: 'update-update',
      table: 'issue',
      key: { id: 'secret-key' },
      columns: ['title'],
      fields: { title: { base: 'secret a', local: 'secret b', remote: 'secret c' } },
      base: { title: 'secret a' },
      local: { title: 'secret b' },
      remote: null,
      parents: [
        { table: 'project', key: { id: 'secret-project' }, row: { id: 'secret-project', name: 'secret name' } },
      ],
      children: [{ table: 'comment', key: { id: 'secret-comment' } }],
      localIsLater: true,
      detectedAt: 0,
      remoteClientId: null,
      remoteAt: 0,
      localAt: 0,
      remoteSeq: 3,
      resolution: null,
    },
  ],
  status: { error: { kind: 'server', message: "It said 'secret words'." } },
});

const bundle: Bundle = {
  kind: BUNDLE_KIND,
  bundleVersion: BUNDLE_VERSION,
  createdAt: 5,
  hasValues: true,
  protocolVersion: 1,
  schema: schemaToWire(schema),
  environment: {} as Bundle['environment'],
  state,
  rounds: [],
  stats: null,
  tables: [],
  queries: [],
  missing: [],
};

describe('a redacted bundle', () => {
  test('holds nothing that people wrote', () => {
    expect(bundleText({ ...bundle, state: redactedState(state) })).not.toMatch(/secret|8675309|"7"/);
  });

  test('keeps what a helper needs: kinds, lengths, counts, and which row is the same', () => {
    const [first, second] = redactedState(state).outbox;
    expect(first?.changes[0]?.columns).toEqual({ title: '(text of 12)', priority: '(bigint)', body: null });
    expect(first?.changes[0]?.key).toEqual(second?.changes[0]?.key);
    expect(first).toMatchObject({ state: 'rejected', sizeBytes: 90, attempts: 2 });
    expect(first?.reason).toEqual({ code: 'invalid-value', message: 'The title "…" is too long.' });
  });

  test('has no literals and no parameters of queries', () => {
    const query = { sql: "SELECT * FROM issue WHERE title = 'it''s secret'", parameters: ['secret', 4], error: null };
    const [redacted] = redactedQueries([query as never]);
    expect(redacted).toMatchObject({
      sql: "SELECT * FROM issue WHERE title = '…'",
      parameters: ['(text of 6)', '(number)'],
    });
  });

  test('takes escaped quotes for what they are', () => {
    expect(redactedText('received "a \\"quoted\\" thing", then more')).toBe('received "…", then more');
  });
});

describe('a bundle file', () => {
  test('comes back as it was, large integers and bytes too', () => {
    const bytes = new Uint8Array([0, 255, 16]);
    const changes = [{ table: 'issue', key: [9_007_199_254_740_993n], op: 'put', columns: { title: bytes } }] as const;
    const withValues = { ...bundle, state: { ...state, outbox: [{ ...entry, changes }] } };
    expect(parseBundle(bundleText(withValues))).toEqual(withValues);
  });

  test.each([
    ['what is not JSON', '<html>', 'it is not JSON'],
    ['another file', '{"kind":"outbox"}', 'no support bundle'],
    ['one of a later version', `{"kind":"${BUNDLE_KIND}","bundleVersion":9}`, 'format 9'],
    ['half of one', `{"kind":"${BUNDLE_KIND}","bundleVersion":1}`, 'missing'],
  ])('tells %s', (_name, text, message) => {
    expect(() => parseBundle(text)).toThrow(message);
  });

  test('opens as something that tells what it holds, and refuses to change anything', async () => {
    const sync = bundleSync(parseBundle(bundleText(bundle)));
    expect(Object.keys(sync.schema.tables)).toEqual(Object.keys(schema.tables));
    expect(await sync.outbox.list({ limit: 1, offset: 1 })).toMatchObject([{ mutationId: 2 }]);
    await expect(sync.outbox.discard(1)).rejects.toMatchObject({ kind: 'misuse' });
    await expect(sync.inspect.rows({ table: 'issue' })).rejects.toMatchObject({ kind: 'misuse' });
  });

  test('of any size shows no more events than a panel can have: the newest', () => {
    const events = Array.from({ length: EVENT_MIRROR_LIMIT + 100 }, (_, at) => ({ at, type: 'sync-started' as const }));
    const sync = bundleSync({ ...bundle, state: { ...state, events: events as never } });
    const shown = sync.inspect.store.getState().events;
    expect([shown.length, shown.at(-1)?.at]).toEqual([EVENT_MIRROR_LIMIT, EVENT_MIRROR_LIMIT + 99]);
  });
});

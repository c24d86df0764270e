import {
  decode,
  encodeMessage,
  handshakeRequest,
  parseMessage,
  pullPage,
  pushRequest,
  serverFrame,
} from 'tidemark/protocol';
import { describe, expect, test } from 'vitest';
import { SyncError } from '../../../src/shared/error.ts';

const hello = { protocol: 1, schemaVersion: 1, clientId: 'c1', capabilities: ['parts'] };
const mutation = { mutationId: 1, hlc: '018f3c5a7e000000', base: 0, changes: [] };
const push = { clientId: 'c1', schemaVersion: 1, mutations: [mutation], decides: [] };

function failure(run: () => unknown): SyncError {
  try {
    run();
  } catch (error) {
    if (error instanceof SyncError) return error;
    throw error;
  }
  throw new Error('Nothing was thrown.');
}

describe('parseMessage', () => {
  test('returns what encodeMessage wrote', () => {
    expect(parseMessage(handshakeRequest, encodeMessage(hello))).toEqual(hello);
  });

  test('keeps every kind of cell', () => {
    const columns = { a: null, b: -0, c: 2n ** 62n, d: 'ä\u0000', e: new Uint8Array([0, 255]), f: 0.1, __proto__x: 1 };
    const change = { table: 'issue', key: ['1', 2], op: 'put' as const, columns };
    const parsed = parseMessage(
      pushRequest,
      encodeMessage({ ...push, mutations: [{ ...mutation, changes: [change] }] }),
    );
    expect(parsed.mutations[0]?.changes[0]).toEqual(change);
    expect(Object.is(parsed.mutations[0]?.changes[0]?.columns.b, -0)).toBe(true);
  });

  test('drops fields it does not know, so that a later version may add some', () => {
    expect(parseMessage(handshakeRequest, encodeMessage({ ...hello, later: [1, 2] }))).toEqual(hello);
  });

  test('names the path of what is wrong', () => {
    const bad = { ...push, mutations: [mutation, { ...mutation, hlc: 'yesterday' }] };
    const error = failure(() => parseMessage(pushRequest, encodeMessage(bad)));
    expect(error.kind).toBe('protocol');
    expect(error.details).toEqual({ path: 'mutations[1].hlc' });
    expect(error.message).toBe(
      'The message is not valid: at mutations[1].hlc, the value must be an HLC stamp: 16 hex digits; received a text of 9 characters.',
    );
  });

  test('names a missing field', () => {
    const { clientId: _, ...bad } = hello;
    expect(failure(() => parseMessage(handshakeRequest, encodeMessage(bad))).message).toContain('at clientId');
  });

  test('never quotes a value, which may be somebody’s data', () => {
    const bad = { ...push, mutations: [{ ...mutation, hlc: 'my-secret-diary' }], clientId: 'my-secret-id'.repeat(50) };
    expect(failure(() => parseMessage(pushRequest, encodeMessage(bad))).message).not.toContain('secret');
    expect(failure(() => parseMessage(serverFrame, encodeMessage({ type: 'secret' }))).message).not.toContain('secret');
  });

  test.each([
    ['a whole number', { ...hello, protocol: 1.5 }],
    ['a number that is not negative', { ...hello, protocol: -1 }],
    ['a number inside ±2^53', { ...hello, protocol: 2n ** 60n }],
    ['a name that is not empty', { ...hello, clientId: '' }],
    ['a name of at most 200 characters', { ...hello, clientId: 'x'.repeat(201) }],
    ['a list', { ...hello, capabilities: 'parts' }],
    ['a map', [hello]],
  ])('wants %s', (_, bad) => {
    expect(failure(() => parseMessage(handshakeRequest, encodeMessage(bad))).kind).toBe('protocol');
  });

  test('refuses bytes that are no CBOR, and says where', () => {
    const error = failure(() => parseMessage(pullPage, new TextEncoder().encode('<html>not found</html>')));
    expect(error.kind).toBe('protocol');
    expect(error.details).toHaveProperty('offset');
  });

  test('holds to the limits given to it', () => {
    const bytes = encodeMessage({ ...push, mutations: Array.from({ length: 100 }, () => mutation) });
    expect(failure(() => parseMessage(pushRequest, bytes, { maxBytes: 1000 })).kind).toBe('protocol');
    expect(parseMessage(pushRequest, bytes).mutations).toHaveLength(100);
  });

  test('takes a hostile key as a plain one', () => {
    const columns = JSON.parse('{"__proto__": 1, "constructor": 2}');
    const counters = JSON.parse('{"__proto__": 1, "constructor": 2}');
    const change = { table: 'issue', key: ['1'], op: 'patch' as const, columns, counters };
    const parsed = parseMessage(
      pushRequest,
      encodeMessage({ ...push, mutations: [{ ...mutation, changes: [change] }] }),
    );
    expect(Object.keys(parsed.mutations[0]?.changes[0]?.columns ?? {})).toEqual(['__proto__', 'constructor']);
    expect(Object.keys(parsed.mutations[0]?.changes[0]?.counters ?? {})).toEqual(['__proto__', 'constructor']);
    expect(({} as Record<string, unknown>).constructor).toBe(Object);
  });
});

test('encodeMessage leaves out what is undefined', () => {
  expect(decode(encodeMessage({ ...hello, deviceName: undefined }))).toEqual(hello);
});

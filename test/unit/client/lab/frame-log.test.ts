import { gzipSync } from 'node:zlib';
import { beforeEach, expect, test } from 'vitest';
import { FrameLog } from '../../../../src/client/lab/frame-log.ts';
import { encodeMessage } from '../../../../src/protocol/parse.ts';
import { type ManualRuntime, manualRuntime } from '../../../../src/testing/manual-runtime.ts';

let runtime: ManualRuntime;
let log: FrameLog;
beforeEach(() => {
  runtime = manualRuntime();
  log = new FrameLog(runtime);
});

const sent = (bytes: Uint8Array) => log.add({ direction: 'sent', channel: 'websocket', type: null, bytes });

test('nothing is recorded before somebody asks, nor three seconds after the last question', async () => {
  sent(encodeMessage({ type: 'push' }));
  expect(log.after(0).frames).toEqual([]);
  sent(encodeMessage({ type: 'push' }));
  await runtime.advance(2_900);
  expect(log.after(0).frames).toMatchObject([{ frameId: 1, type: 'push' }]);
  await runtime.advance(3_100);
  expect(log.isRecording).toBe(false);
});

test('a recording that began anew has another name, and counts from 1', async () => {
  const first = log.after(0).recordingId;
  sent(encodeMessage({ type: 'push' }));
  await runtime.advance(3_100);
  const second = log.after(0);
  expect(second.recordingId).not.toBe(first);
  sent(encodeMessage({ type: 'ping' }));
  expect(log.after(0).frames).toMatchObject([{ frameId: 1, type: 'ping' }]);
});

test('a token is nobody’s to see', async () => {
  log.after(0);
  sent(encodeMessage({ type: 'hello', token: 'a-secret', handshake: { clientId: 'c' } }));
  expect(await log.content(1)).toEqual({ type: 'hello', token: '(hidden)', handshake: { clientId: 'c' } });
});

test('a packed request is shown unpacked', async () => {
  log.after(0);
  const packed = gzipSync(encodeMessage({ mutations: ['a'.repeat(20_000)] }));
  log.add({ direction: 'sent', channel: 'http', type: 'push', bytes: new Uint8Array(packed) });
  expect(await log.content(1)).toEqual({ mutations: ['a'.repeat(20_000)] });
  expect(log.after(0).frames).toMatchObject([{ type: 'push', sizeBytes: packed.length, error: null }]);
});

test('bytes that are no message say so', () => {
  log.after(0);
  sent(new Uint8Array([0xff, 0xff]));
  expect(log.after(0).frames).toMatchObject([{ type: 'unreadable', error: expect.stringContaining('no message') }]);
});

test('the oldest content goes first when there is too much, and what is known of its frame stays', async () => {
  log.after(0);
  const large = encodeMessage({ type: 'changes', bytes: new Uint8Array(1_000_000) });
  for (let n = 0; n < 12; n++) sent(large);
  expect(log.after(0).frames).toHaveLength(12);
  expect(log.after(0).frames[0]).toMatchObject({ type: 'changes', sizeBytes: large.length });
  expect([await log.content(1), await log.content(12)]).toEqual([null, expect.objectContaining({ type: 'changes' })]);
});

test('only the last thousand frames are kept', () => {
  log.after(0);
  for (let n = 0; n < 1_200; n++) sent(encodeMessage({ type: 'ping' }));
  const { frames } = log.after(0);
  expect([frames.length, frames[0]?.frameId]).toEqual([1_000, 201]);
});

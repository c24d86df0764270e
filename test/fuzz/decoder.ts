import type { GenericSchema } from 'valibot';
import { decode, encode, type WireValue } from '../../src/protocol/codec.ts';
import { devicesRequest, devicesResponse } from '../../src/protocol/messages/devices.ts';
import { errorMessage } from '../../src/protocol/messages/error.ts';
import { handshakeRequest, handshakeResponse } from '../../src/protocol/messages/handshake.ts';
import { pullPage, pullRequest } from '../../src/protocol/messages/pull.ts';
import { pushRequest, pushResponse } from '../../src/protocol/messages/push.ts';
import { clientFrame, serverFrame } from '../../src/protocol/messages/realtime.ts';
import { parseMessage } from '../../src/protocol/parse.ts';
import { SyncError } from '../../src/shared/error.ts';
import { FuzzFailure, HANG_MS } from './failure.ts';

const schemas: readonly GenericSchema[] = [
  handshakeRequest,
  handshakeResponse,
  pushRequest,
  pushResponse,
  pullRequest,
  pullPage,
  devicesRequest,
  devicesResponse,
  errorMessage,
  clientFrame,
  serverFrame,
];

/**
 * Decodes: a value, which can then be encoded and read again the same, or a `protocol` error. Nothing else is thrown, no
 * prototype changes, and it does not take long. Returns whether the bytes were a value.
 */
export function fuzzDecoder(bytes: Uint8Array): boolean {
  const startedAt = performance.now();
  const value = attempt(bytes, () => decode(bytes));
  if (value !== undefined) checkValue(bytes, value);
  const tookMs = performance.now() - startedAt;
  if (tookMs > HANG_MS) throw new FuzzFailure('decode', [bytes], `Decoding took ${Math.round(tookMs)} ms.`);
  if (Object.keys(Object.prototype).length > 0 || 'polluted' in {}) {
    throw new FuzzFailure('decode', [bytes], 'Decoding changed the prototype of objects.');
  }
  return value !== undefined;
}

function checkValue(bytes: Uint8Array, value: WireValue): void {
  const once = roundTrip(bytes, value);
  const twice = roundTrip(bytes, decode(once));
  if (!Buffer.from(once).equals(twice)) throw new FuzzFailure('decode', [bytes], 'What was decoded is read otherwise.');
  for (const schema of schemas) attempt(bytes, () => parseMessage(schema, bytes));
}

function roundTrip(bytes: Uint8Array, value: WireValue): Uint8Array {
  try {
    return encode(value);
  } catch (error) {
    throw new FuzzFailure('decode', [bytes], 'What was decoded cannot be encoded.', error);
  }
}

/** The result, or undefined after a `protocol` error. */
function attempt<T>(bytes: Uint8Array, run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    if (error instanceof SyncError && error.kind === 'protocol') return undefined;
    throw new FuzzFailure('decode', [bytes], `Decoding threw something other than a protocol error: ${error}`, error);
  }
}

import type { GenericSchema } from 'valibot';
import { devicesRequest, devicesResponse } from '../../src/protocol/messages/devices.ts';
import { errorMessage } from '../../src/protocol/messages/error.ts';
import { handshakeRequest, handshakeResponse } from '../../src/protocol/messages/handshake.ts';
import { pullPage, pullRequest } from '../../src/protocol/messages/pull.ts';
import { pushRequest, pushResponse } from '../../src/protocol/messages/push.ts';
import { parseMessage } from '../../src/protocol/parse.ts';
import { CONTENT_TYPE } from '../../src/protocol/version.ts';
import { FuzzFailure, HANG_MS } from './failure.ts';
import type { Path } from './messages.ts';

const schemas: Record<Path, { readonly request: GenericSchema; readonly response: GenericSchema }> = {
  '/v1/handshake': { request: handshakeRequest, response: handshakeResponse },
  '/v1/push': { request: pushRequest, response: pushResponse },
  '/v1/pull': { request: pullRequest, response: pullPage },
  '/v1/devices': { request: devicesRequest, response: devicesResponse },
};

/**
 * Posts: a 200 with a message that is valid, or a 4xx with a typed error, and that soon. Bytes that are no valid request must be
 * refused. Returns the bytes of an answer with 200, null otherwise.
 */
export async function fuzzHttp(url: string, path: Path, bytes: Uint8Array): Promise<Uint8Array | null> {
  const fail = (message: string, cause?: unknown) => new FuzzFailure(`http:${path}`, [bytes], message, cause);
  const { status, body } = await post(url + path, bytes).catch((error) => {
    throw fail(`No answer: ${error}`, error);
  });
  const isRequest = isMessage(schemas[path].request, bytes);
  if (status === 200) {
    if (!isRequest) throw fail('A request that is not valid was answered with 200.');
    if (!isMessage(schemas[path].response, body)) throw fail('The answer is not a valid message.');
    return body;
  }
  if (status < 400 || status > 499) throw fail(`The answer has the status ${status}: ${Buffer.from(body)}`);
  if (!isMessage(errorMessage, body)) throw fail(`The answer with the status ${status} is not a typed error.`);
  return null;
}

async function post(url: string, bytes: Uint8Array): Promise<{ status: number; body: Uint8Array }> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': CONTENT_TYPE },
    body: bytes as Uint8Array<ArrayBuffer>,
    signal: AbortSignal.timeout(HANG_MS),
  });
  return { status: response.status, body: new Uint8Array(await response.arrayBuffer()) };
}

function isMessage(schema: GenericSchema, bytes: Uint8Array): boolean {
  try {
    parseMessage(schema, bytes);
    return true;
  } catch {
    return false;
  }
}

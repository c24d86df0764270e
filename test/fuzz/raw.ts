import { once } from 'node:events';
import { connect } from 'node:net';
import { FuzzFailure } from './failure.ts';
import type { Random } from './random.ts';

/** How long a connection may be kept for a request that never ends: Node waits for the rest. */
const PATIENCE_MS = 50;

/** The bytes of a whole request, head and all: a post, or an upgrade with a WebSocket frame behind it. */
export function rawRequest(body: Uint8Array, random: Random): Uint8Array {
  const host = 'host: 127.0.0.1\r\n';
  const post = `POST /v1/push HTTP/1.1\r\n${host}content-type: application/cbor\r\ncontent-length: ${body.length}\r\n\r\n`;
  const upgrade = `GET /v1/ws HTTP/1.1\r\n${host}connection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`;
  const small = body.subarray(0, 120);
  return random.chance(0.5)
    ? Buffer.concat([Buffer.from(post), body])
    : Buffer.concat([Buffer.from(upgrade), Uint8Array.of(0x82, 0x80 | small.length, 0, 0, 0, 0), small]);
}

/** Sends bytes that need not be HTTP: any answer will do but one that blames the server, and a close without one, too. */
export async function fuzzRaw(url: string, bytes: Uint8Array): Promise<void> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  const received: Buffer[] = [];
  socket.on('data', (data) => received.push(data));
  socket.on('error', () => {});
  socket.setTimeout(PATIENCE_MS, () => socket.destroy());
  socket.write(bytes);
  socket.end();
  await once(socket, 'close');
  const answer = Buffer.concat(received).toString('latin1');
  // Node itself answers 505 to another version of HTTP, and 501 is of no use to anybody else.
  if (/^HTTP\/1\.1 5(?!05)/.test(answer)) throw new FuzzFailure('raw', [bytes], `The server answered ${answer}`);
}

import { describe, expect, test } from 'vitest';
import { checkProtocol } from '../../../src/client/loop/handshake.ts';
import type { HandshakeResponse } from '../../../src/protocol/messages/handshake.ts';
import { commonProtocol, OLDEST_PROTOCOL_VERSION, PROTOCOL_VERSION } from '../../../src/protocol/version.ts';

const peer = (newest: number) => ({ newest, oldest: Math.max(1, newest - 1) });

/** What a client of one version and a server of another come to: the version, or who refuses. */
function shakeHands(client: number, server: number): number | string {
  const answer = commonProtocol(client, peer(server));
  if (answer === null) return 'the server refuses';
  return answer >= peer(client).oldest && answer <= client ? answer : 'the client refuses';
}

describe('a rolling upgrade', () => {
  test.each([
    ['both of the same version', 2, 2, 2],
    ['the client one behind', 1, 2, 1],
    ['the client one ahead', 2, 1, 1],
    ['the client one behind, later on', 6, 7, 6],
    ['the client one ahead, later on', 7, 6, 6],
    ['the client two behind', 1, 3, 'the server refuses'],
    ['the client two ahead', 3, 1, 'the server refuses'],
  ])('%s', (_name, client, server, expected) => {
    expect(shakeHands(client, server)).toBe(expected);
  });

  test('keeps this package and the one before it together', () => {
    expect(PROTOCOL_VERSION - OLDEST_PROTOCOL_VERSION).toBe(Math.min(1, PROTOCOL_VERSION - 1));
  });

  test('ends where the server chose a version that this client does not speak', () => {
    const session = (protocol: number) => ({ protocol }) as HandshakeResponse;
    expect(() => checkProtocol(session(PROTOCOL_VERSION))).not.toThrow();
    expect(() => checkProtocol(session(PROTOCOL_VERSION + 1))).toThrow('version');
    expect(() => checkProtocol(session(OLDEST_PROTOCOL_VERSION - 1))).toThrow('version');
  });
});

import { createHash } from 'node:crypto';
import * as protocol from 'tidemark/protocol';
import * as v from 'valibot';
import { expect, test } from 'vitest';

/**
 * The shape of all messages, by version of the protocol. If this test fails, a message changed. Is every peer of the
 * current version still right about it (an optional field added)? Then write the new hash here. Otherwise count
 * PROTOCOL_VERSION up and add a line.
 */
const SHAPES: Readonly<Record<number, string>> = {
  1: 'da02bcac01abc32c',
};

const messages = {
  handshakeRequest: protocol.handshakeRequest,
  handshakeResponse: protocol.handshakeResponse,
  pushRequest: protocol.pushRequest,
  pushResponse: protocol.pushResponse,
  pullRequest: protocol.pullRequest,
  pullPage: protocol.pullPage,
  devicesRequest: protocol.devicesRequest,
  devicesResponse: protocol.devicesResponse,
  clientFrame: protocol.clientFrame,
  serverFrame: protocol.serverFrame,
  errorMessage: protocol.errorMessage,
};

const PARTS = ['type', 'entries', 'item', 'wrapped', 'key', 'value', 'options', 'literal', 'class', 'requirement'];

/** A schema as plain data: what it is made of, and the rules on top. */
function describeSchema(part: unknown): unknown {
  if (part instanceof RegExp) return String(part);
  if (typeof part === 'function') return part.name;
  if (Array.isArray(part)) return part.map(describeSchema);
  if (typeof part !== 'object' || part === null) return part;
  if (!('kind' in part) || typeof part.kind !== 'string') return describeAll(part);
  const kept = Object.fromEntries(Object.entries(part).filter(([name]) => PARTS.includes(name)));
  // The first item of a pipe is the schema itself; a custom check is known by what it asks for.
  const rules = 'pipe' in part && Array.isArray(part.pipe) ? { rules: part.pipe.slice(1) } : {};
  const asks = 'type' in part && part.type === 'custom' && 'message' in part ? { asks: part.message } : {};
  return describeAll({ ...kept, ...rules, ...asks });
}

function describeAll(parts: object): unknown {
  return Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, describeSchema(part)]));
}

test('the shape of the messages belongs to the version of the protocol', () => {
  const text = JSON.stringify(describeSchema(messages));
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 16);
  expect({ [protocol.PROTOCOL_VERSION]: hash }).toEqual({
    [protocol.PROTOCOL_VERSION]: SHAPES[protocol.PROTOCOL_VERSION],
  });
});

test.each([
  ['a field added', v.object({ ...protocol.clientFrame.options[3].entries, extra: v.string() })],
  ['a field gone', v.object({ type: v.literal('ping') })],
  ['another name of a frame', v.object({ type: v.literal('pin'), at: protocol.clientFrame.options[3].entries.at })],
  ['a field made optional', v.object({ type: v.literal('ping'), at: v.optional(v.number()) })],
  ['a rule dropped', v.object({ type: v.literal('ping'), at: v.number() })],
])('%s changes the shape', (_, schema) => {
  expect(describeSchema(schema)).not.toEqual(describeSchema(protocol.clientFrame.options[3]));
});

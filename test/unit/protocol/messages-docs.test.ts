import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { encode } from '../../../src/protocol/codec.ts';
import { CAPABILITIES, encodeMessage, LIMITS, PROTOCOL_VERSION, parseMessage } from '../../../src/protocol/index.ts';
import { exampleBlock, examples, parseBlock } from './messages-examples.ts';

const text = readFileSync(new URL('../../../docs/protocol.md', import.meta.url), 'utf8');
const blocks = text.match(/```cbor\n[\s\S]*?\n```/g) ?? [];

describe('docs/protocol.md', () => {
  test.each(examples.map((example) => [example.name, example] as const))('shows %s as it is', (name, example) => {
    const block = blocks.find((one) => parseBlock(one).name === name);
    expect(block).toBe(exampleBlock(example));
  });

  test('shows no bytes but those of the examples', () => {
    expect(blocks.map((block) => parseBlock(block).name).sort()).toEqual(examples.map(({ name }) => name).sort());
  });

  test.each(blocks.map((block) => [parseBlock(block).name, parseBlock(block).bytes] as const))(
    'has bytes for %s that are read, and written again the same',
    (name, bytes) => {
      const schema = examples.find((example) => example.name === name)?.schema;
      if (!schema) throw new Error(`There is no example ${name}.`);
      expect(encodeMessage(parseMessage(schema, bytes) as never)).toEqual(bytes);
    },
  );

  test('lists the limits as they are', () => {
    const rows = [...text.matchAll(/^\| `(\w+)` \| ([\d,]+) \|/gm)];
    const listed = Object.fromEntries(rows.map(([, name, value]) => [name, Number(value?.replaceAll(',', ''))]));
    expect(listed).toEqual(LIMITS);
  });

  test('names the version and the capabilities', () => {
    expect(text).toContain(`version ${PROTOCOL_VERSION}`);
    for (const name of CAPABILITIES) expect(text).toContain(`\`${name}\``);
  });
});

test('the parts of a mutation are the bytes of the mutation, cut', () => {
  const push = examples.find(({ name }) => name === 'pushRequest with a part')?.value as {
    part: { bytes: Uint8Array };
  };
  const mutation = encode({ mutationId: 8, hlc: '019a0b1c2d3e0000', base: 41, changes: [] });
  expect(mutation.subarray(0, push.part.bytes.length)).toEqual(push.part.bytes);
});

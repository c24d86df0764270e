/** One example of each message, as docs/protocol.md shows it, and the notation it shows it in. */
import type { GenericSchema } from 'valibot';
import { encode, type WireValue } from '../../../src/protocol/codec.ts';
import * as protocol from '../../../src/protocol/index.ts';

const HLC = '019a0b1c2d3e0000';
const EPOCH = '7e57ab1e';

const handshake = {
  protocol: 1,
  schemaVersion: 1,
  clientId: 'c1',
  capabilities: ['realtime'],
  deviceName: 'phone',
};
const welcome = {
  protocol: 1,
  schemaVersion: 1,
  capabilities: ['realtime', 'parts'],
  epoch: EPOCH,
  head: 41,
  serverTime: 1_763_720_000_000,
  subject: 'ada',
  scopes: ['main'],
  limits: { maxRequestBytes: 1_048_576 },
};
const patch = {
  table: 'issue',
  key: ['i1'],
  op: 'patch',
  columns: { title: 'Tide' },
  counters: { votes: 1 },
  old: { title: 'Tied' },
};
const pushRequest = {
  clientId: 'c1',
  schemaVersion: 1,
  mutations: [{ mutationId: 7, hlc: HLC, base: 41, changes: [patch] }],
  decides: ['issue'],
  waits: true,
};
const pushResponse = {
  epoch: EPOCH,
  outcomes: [{ mutationId: 7, outcome: 'applied', seq: 42, conflicts: [] }],
  head: 42,
};
const changesPage = {
  epoch: EPOCH,
  from: 41,
  snapshot: [],
  progress: { rowsDone: 0, rowsTotal: 0 },
  transactions: [
    {
      seq: 42,
      clientId: 'c1',
      mutationId: 7,
      hlc: HLC,
      changes: [{ table: 'issue', key: ['i1'], op: 'patch', columns: { title: 'Tide', votes: 3 } }],
    },
  ],
  resume: null,
  cursor: { epoch: EPOCH, seq: 42 },
  scopes: ['main'],
  replaces: [],
  head: 42,
};

export interface Example {
  readonly name: string;
  readonly schema: GenericSchema;
  readonly value: WireValue;
}

export const examples: readonly Example[] = [
  { name: 'handshakeRequest', schema: protocol.handshakeRequest, value: handshake },
  { name: 'handshakeResponse', schema: protocol.handshakeResponse, value: welcome },
  { name: 'pushRequest', schema: protocol.pushRequest, value: pushRequest },
  {
    name: 'pushRequest with a part',
    schema: protocol.pushRequest,
    value: {
      clientId: 'c1',
      schemaVersion: 1,
      mutations: [],
      part: {
        mutationId: 8,
        hlc: '019a0b1c2d3f0000',
        index: 0,
        count: 2,
        bytes: new Uint8Array([0xa4, 0x6a, 0x6d, 0x75]),
      },
      decides: [],
    },
  },
  { name: 'pushResponse', schema: protocol.pushResponse, value: pushResponse },
  {
    name: 'pushResponse with a conflict and a rejection',
    schema: protocol.pushResponse,
    value: {
      epoch: EPOCH,
      outcomes: [
        {
          mutationId: 8,
          outcome: 'conflict',
          seq: null,
          conflicts: [
            {
              table: 'issue',
              key: ['i1'],
              kind: 'update-update',
              columns: ['title'],
              remote: { title: 'Ebb', votes: 3 },
              remoteSeq: 43,
              remoteAuthor: { clientId: 'c2', hlc: HLC },
              decided: {},
            },
          ],
        },
        {
          mutationId: 11,
          outcome: 'merged',
          seq: null,
          conflicts: [
            {
              table: 'comment',
              key: ['c1'],
              kind: 'update-delete',
              columns: ['body'],
              remote: null,
              image: { issue_id: 'i2', body: 'Then' },
              parents: [{ table: 'issue', key: ['i2'], columns: { title: 'Flow', votes: 0 } }],
              remoteSeq: 41,
              remoteAuthor: { clientId: 'c2', hlc: HLC },
              decided: { '*': { policy: 'server-wins', winner: 'remote' } },
            },
          ],
        },
        {
          mutationId: 9,
          outcome: 'rejected',
          seq: null,
          conflicts: [],
          reason: { code: 'rejected', message: 'An issue needs a title.' },
        },
      ],
      head: 43,
      waiting: [10],
    },
  },
  {
    name: 'pullRequest',
    schema: protocol.pullRequest,
    value: { clientId: 'c1', schemaVersion: 1, cursor: { epoch: EPOCH, seq: 41 }, scopes: ['main'], resume: null },
  },
  { name: 'pullPage with changes', schema: protocol.pullPage, value: changesPage },
  {
    name: 'pullPage with a snapshot',
    schema: protocol.pullPage,
    value: {
      epoch: EPOCH,
      from: 0,
      snapshot: [
        {
          table: 'reading',
          columns: ['id', 'value', 'big', 'photo'],
          rows: [
            ['r1', 0.5, 9_007_199_254_740_993n, new Uint8Array([1, 2])],
            ['r2', -0, null, null],
          ],
        },
      ],
      progress: { rowsDone: 2, rowsTotal: 5 },
      transactions: [],
      resume: 'b3BhcXVl',
      cursor: null,
      scopes: [],
      replaces: ['reading'],
      head: 42,
    },
  },
  {
    name: 'pullRequest without a scope',
    schema: protocol.pullRequest,
    value: {
      clientId: 'c1',
      schemaVersion: 1,
      cursor: { epoch: EPOCH, seq: 41 },
      scopes: ['*'],
      without: ['project:p2'],
      lacks: [],
      resume: null,
    },
  },
  {
    name: 'pullRequest after lost answers',
    schema: protocol.pullRequest,
    value: {
      clientId: 'c1',
      schemaVersion: 1,
      cursor: null,
      scopes: [],
      resume: null,
      unanswered: [{ clientId: 'c1', from: 7, to: 9 }],
    },
  },
  {
    name: 'pullPage with outcomes',
    schema: protocol.pullPage,
    value: {
      ...changesPage,
      from: 0,
      transactions: [],
      outcomes: [{ mutationId: 7, outcome: 'applied', seq: 42, conflicts: [], hlc: HLC }],
    },
  },
  { name: 'devicesRequest', schema: protocol.devicesRequest, value: { clientId: 'c1', rename: { name: 'laptop' } } },
  {
    name: 'devicesResponse',
    schema: protocol.devicesResponse,
    value: {
      devices: [
        {
          deviceId: 'c1',
          name: 'laptop',
          firstSeenAt: 1_763_700_000_000,
          lastSeenAt: 1_763_720_000_000,
          revoked: false,
        },
      ],
    },
  },
  {
    name: 'errorMessage',
    schema: protocol.errorMessage,
    value: { kind: 'rate-limited', message: 'Too many requests.', retryAfterMs: 2000 },
  },
  { name: 'hello', schema: protocol.clientFrame, value: { type: 'hello', token: 'secret', handshake } },
  { name: 'welcome', schema: protocol.serverFrame, value: { type: 'welcome', handshake: welcome } },
  {
    name: 'subscribe',
    schema: protocol.clientFrame,
    value: { type: 'subscribe', cursor: { epoch: EPOCH, seq: 41 }, scopes: ['main'] },
  },
  { name: 'changes', schema: protocol.serverFrame, value: { type: 'changes', page: changesPage } },
  { name: 'poke', schema: protocol.serverFrame, value: { type: 'poke', head: 43 } },
  { name: 'push', schema: protocol.clientFrame, value: { type: 'push', requestId: 1, request: pushRequest } },
  { name: 'pushed', schema: protocol.serverFrame, value: { type: 'pushed', requestId: 1, response: pushResponse } },
  {
    name: 'push-failed',
    schema: protocol.serverFrame,
    value: { type: 'push-failed', requestId: 1, error: { kind: 'too-large', message: 'Send less at once.' } },
  },
  { name: 'ping', schema: protocol.clientFrame, value: { type: 'ping', at: 1_763_720_000_000 } },
  { name: 'pong', schema: protocol.serverFrame, value: { type: 'pong', at: 1_763_720_000_000 } },
  {
    name: 'error',
    schema: protocol.serverFrame,
    value: { type: 'error', error: { kind: 'needs-auth', message: 'The token has expired.' } },
  },
];

/** The block of docs/protocol.md for an example: its name, the value in CBOR's diagnostic notation, and the bytes. */
export function exampleBlock({ name, value }: Example): string {
  const bytes = wrap(Buffer.from(encode(value)).toString('hex'), 96);
  return `\`\`\`cbor\n# ${name}\n${diagnose(value, 100)}\n# ${encode(value).length} bytes\n${bytes}\n\`\`\``;
}

export function parseBlock(block: string): { name: string; bytes: Uint8Array } {
  const name = /^# (.+)$/m.exec(block)?.[1] ?? '';
  const hex = /# \d+ bytes\n([0-9a-f\n]+)/.exec(block)?.[1]?.replaceAll('\n', '') ?? '';
  return { name, bytes: new Uint8Array(Buffer.from(hex, 'hex')) };
}

/** RFC 8949, section 8; broken over lines where it is longer than `width`. */
function diagnose(value: WireValue | undefined, width: number, indent = ''): string {
  if (value instanceof Uint8Array) return `h'${Buffer.from(value).toString('hex')}'`;
  if (Object.is(value, -0)) return '-0.0';
  if (typeof value !== 'object' || value === null)
    return typeof value === 'bigint' ? String(value) : JSON.stringify(value);
  const deeper = `${indent}  `;
  const isList = Array.isArray(value);
  const parts = isList
    ? value.map((item: WireValue) => ['', item] as const)
    : Object.entries(value).map(([key, item]) => [`${JSON.stringify(key)}: `, item] as const);
  const [left, right] = isList ? ['[', ']'] : ['{', '}'];
  const flat = left + parts.map(([key, item]) => key + diagnose(item, Number.POSITIVE_INFINITY)).join(', ') + right;
  if (flat.length + indent.length <= width) return flat;
  const lines = parts.map(([key, item]) => deeper + key + diagnose(item, width, deeper));
  return `${left}\n${lines.join(',\n')}\n${indent}${right}`;
}

function wrap(text: string, width: number): string {
  return text.match(new RegExp(`.{1,${width}}`, 'g'))?.join('\n') ?? '';
}

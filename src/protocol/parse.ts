import * as v from 'valibot';
import { SyncError } from '../shared/error.ts';
import { type CodecLimits, decode, encode, type WireValue } from './codec.ts';

/**
 * Reads one message: decodes the bytes and checks them against the schema. Fields the schema does not name are dropped,
 * so that a later version may add some.
 *
 * @throws SyncError `protocol`, naming the byte offset or the path of what is wrong; it never quotes the value.
 * @example
 * ```ts
 * const page = parseMessage(pullPage, new Uint8Array(await response.arrayBuffer()));
 * ```
 */
export function parseMessage<S extends v.GenericSchema>(
  schema: S,
  bytes: Uint8Array,
  limits?: Partial<CodecLimits>,
): v.InferOutput<S> {
  return checkMessage(schema, decode(bytes, limits));
}

/** The second half of {@link parseMessage}: checks a decoded value. */
export function checkMessage<S extends v.GenericSchema>(schema: S, value: unknown): v.InferOutput<S> {
  const result = v.safeParse(schema, value, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  const path = placeOf(issue.path);
  throw new SyncError('protocol', `The message is not valid: at ${path}, ${wrong(issue)}.`, { details: { path } });
}

/**
 * Writes one message, as {@link parseMessage} reads it. The types are the only check here: what a peer sends is
 * checked where it arrives.
 *
 * @throws SyncError `invalid-value` or `too-large`, as {@link encode} does.
 */
export function encodeMessage(message: WireValue, limits?: Partial<CodecLimits>): Uint8Array {
  return encode(message, limits);
}

interface PathItem {
  readonly key?: unknown;
}

function placeOf(path: readonly PathItem[] | undefined): string {
  if (path === undefined) return 'the top';
  const steps = path.map(({ key }) => (typeof key === 'number' ? `[${key}]` : `.${nameOf(key)}`));
  return steps.join('').replace(/^\./, '');
}

/** Keys of maps come from outside: a long or strange one is shown in short. */
function nameOf(key: unknown): string {
  const text = String(key);
  return /^[\w$*-]{1,64}$/.test(text) ? text : JSON.stringify(text.slice(0, 64));
}

/** Says what was expected and the kind of thing that came, never the thing itself: it may be somebody's data. */
function wrong(issue: v.BaseIssue<unknown>): string {
  const expected = issue.kind === 'validation' || issue.type === 'custom' ? issue.message : issue.expected;
  const rule = expected?.startsWith('must ') ? expected : `must be ${readable(issue)}`;
  return `the value ${rule}; received ${kindOf(issue.input)}`;
}

const RULES: Readonly<Record<string, string>> = {
  safe_integer: 'a whole number inside ±(2^53 − 1)',
  min_length: 'longer',
  max_length: 'shorter',
};

function readable({ type, expected }: v.BaseIssue<unknown>): string {
  return RULES[type] ?? expected ?? type;
}

function kindOf(input: unknown): string {
  if (input === undefined) return 'nothing';
  if (input === null) return 'null';
  if (input instanceof Uint8Array) return `${input.length} bytes`;
  if (Array.isArray(input)) return `a list of ${input.length}`;
  if (typeof input === 'object') return 'a map';
  if (typeof input === 'string') return `a text of ${input.length} characters`;
  return `a ${typeof input}`;
}

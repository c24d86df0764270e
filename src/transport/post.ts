import type { GenericSchema, InferOutput } from 'valibot';
import { LIMITS } from '../protocol/limits.ts';
import { parseMessage } from '../protocol/parse.ts';
import { CONTENT_TYPE } from '../protocol/version.ts';
import { SyncError } from '../shared/error.ts';
import type { Deadline } from './deadline.ts';
import { fromResponse } from './server-error.ts';

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface PostOptions<S extends GenericSchema> {
  readonly fetch: Fetch;
  readonly url: string;
  readonly token: string | null;
  readonly body: Uint8Array;
  /** Whether the body is compressed with gzip. */
  readonly isPacked: boolean;
  /** What the answer must be. */
  readonly schema: S;
  readonly deadline: Deadline;
  /** The answer begins to arrive. */
  readonly onAnswer: () => void;
}

/** Sends one message by HTTP and reads the answer. */
export async function post<S extends GenericSchema>(options: PostOptions<S>): Promise<InferOutput<S>> {
  const { schema, deadline } = options;
  deadline.signal.throwIfAborted();
  const response = await send(options);
  deadline.extend();
  options.onAnswer();
  const bytes = await read(response, deadline);
  const isMessage = response.headers.get('content-type')?.startsWith(CONTENT_TYPE) ?? false;
  if (!response.ok) throw fromResponse(response, isMessage ? bytes : null);
  if (!isMessage) throw fromResponse(response, null);
  try {
    return parseMessage(schema, bytes);
  } catch (error) {
    throw new SyncError('server', `The answer cannot be read. ${String(error)}`, { cause: error });
  }
}

async function send<S extends GenericSchema>(options: PostOptions<S>): Promise<Response> {
  const { fetch, url, token, body, isPacked, deadline } = options;
  const headers: Record<string, string> = { 'content-type': CONTENT_TYPE };
  if (isPacked) headers['content-encoding'] = 'gzip';
  if (token !== null) headers.authorization = `Bearer ${token}`;
  try {
    // Bytes of ours are never of a shared buffer, which fetch would refuse.
    return await fetch(url, {
      method: 'POST',
      headers,
      body: body as Uint8Array<ArrayBuffer>,
      signal: deadline.signal,
    });
  } catch (error) {
    throw unreachable(error, deadline);
  }
}

/** Reads the body; each piece of it shows that the server is still there. */
async function read(response: Response, deadline: Deadline): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    const reader = response.body?.getReader();
    for (let part = await reader?.read(); part?.value; part = await reader?.read()) {
      deadline.extend();
      chunks.push(part.value);
      size += part.value.length;
      if (size > LIMITS.maxMessageBytes) await reader?.cancel();
    }
  } catch (error) {
    throw unreachable(error, deadline);
  }
  if (size > LIMITS.maxMessageBytes) throw new SyncError('server', 'The answer is larger than any message may be.');
  return join(chunks, size);
}

function join(chunks: readonly Uint8Array[], size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/** Whatever fetch throws: it was given up, or the server could not be reached. */
function unreachable(error: unknown, { signal }: Deadline): SyncError {
  if (signal.aborted && signal.reason instanceof SyncError) return signal.reason;
  return new SyncError('network', 'The server could not be reached, or the connection broke.', { cause: error });
}

import { CONTENT_TYPE } from '../../protocol/version.ts';
import { SyncError } from '../../shared/error.ts';
import { unpacked } from './compression.ts';

/** Reads the body of a request, and stops reading as soon as it is larger than `limit` bytes, unpacked. */
export async function readBody(request: Request, limit: number): Promise<Uint8Array> {
  checkHeaders(request, limit);
  if (request.body === null) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let size = 0;
  // Leaving the loop by a throw cancels the stream.
  for await (const chunk of chunksOf(unpacked(request.body, request.headers.get('content-encoding')))) {
    size += chunk.length;
    if (size > limit) throw tooLarge(limit);
    chunks.push(chunk);
  }
  return join(chunks, size);
}

/** A caller that hangs up in the middle, or packs badly, is no failure of the server. */
async function* chunksOf(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    throw new SyncError('protocol', 'The request broke off before the end of its body, or is not packed as it says.', {
      cause: error,
    });
  }
}

function checkHeaders({ headers }: Request, limit: number): void {
  const type = headers.get('content-type')?.split(';')[0]?.trim().toLowerCase();
  if (type !== CONTENT_TYPE) {
    throw new SyncError('protocol', `The content-type of a request must be ${CONTENT_TYPE}.`, {
      details: { header: 'content-type' },
    });
  }
  if (Number(headers.get('content-length') ?? 0) > limit) throw tooLarge(limit);
}

function join(chunks: readonly Uint8Array[], size: number): Uint8Array {
  const [first] = chunks;
  if (first !== undefined && chunks.length === 1) return first;
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

function tooLarge(limit: number): SyncError {
  const message = `The request is larger than ${limit} bytes, the most this server takes. Send less at once.`;
  return new SyncError('too-large', message, { details: { limit } });
}

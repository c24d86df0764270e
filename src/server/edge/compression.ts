import { SyncError } from '../../shared/error.ts';

/** The encodings of bodies that are taken and given, best first. zstd where the runtime has it (Node ≥ 22.15). */
export type Encoding = 'zstd' | 'gzip';

/** The best encoding of an answer that the caller takes (RFC 9110, section 12.5.3); null for none. */
export function chooseEncoding(acceptEncoding: string | null): Encoding | null {
  const accepted = (acceptEncoding ?? '').split(',');
  const takes = (name: string) =>
    accepted.some((one) => new RegExp(`^\\s*(${name}|\\*)\\s*(;\\s*q=(?!0(\\.0*)?\\s*$).*)?$`, 'i').test(one));
  const names = accepted.map((one) => one.trim().toLowerCase());
  if (zlib()?.zstdCompress && names.some((one) => one.startsWith('zstd')) && takes('zstd')) return 'zstd';
  return takes('gzip') ? 'gzip' : null;
}

/** The body of an answer, compressed. */
export async function compress(bytes: Uint8Array<ArrayBuffer>, encoding: Encoding): Promise<BodyInit> {
  if (encoding === 'gzip') return new Blob([bytes]).stream().pipeThrough(new CompressionStream('gzip'));
  return new Promise((resolve, reject) => {
    zlib()?.zstdCompress(bytes, (error, result) =>
      error ? reject(error) : resolve(result as Uint8Array<ArrayBuffer>),
    );
  });
}

/**
 * The body of a request, unpacked as it is read: whoever reads it stops where it becomes too large.
 *
 * @throws SyncError `protocol` for an encoding that is not taken.
 */
export function unpacked(body: ReadableStream<Uint8Array>, contentEncoding: string | null): ReadableStream<Uint8Array> {
  const encoding = contentEncoding?.trim().toLowerCase() ?? 'identity';
  if (encoding === 'identity') return body;
  if (encoding !== 'gzip') {
    throw new SyncError('protocol', 'The content-encoding of a request must be gzip, or left out.', {
      details: { header: 'content-encoding' },
    });
  }
  return body.pipeThrough(new DecompressionStream('gzip') as unknown as ReadableWritablePair<Uint8Array, Uint8Array>);
}

/** Node's own, where there is one: the Web knows no stream for zstd. */
function zlib(): typeof import('node:zlib') | undefined {
  return globalThis.process?.getBuiltinModule?.('node:zlib');
}

/** Below this size packing saves no time worth having. Bytes. */
const PACK_BYTES = 16 * 1024;

/** A large body, compressed with gzip; null where that cannot be done, or does not make it smaller. */
export async function pack(body: Uint8Array): Promise<Uint8Array | null> {
  if (body.length < PACK_BYTES || !('CompressionStream' in globalThis)) return null;
  // Bytes of ours are never of a shared buffer.
  const stream = new Blob([body as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new CompressionStream('gzip'));
  const packed = new Uint8Array(await new Response(stream).arrayBuffer());
  return packed.length < body.length ? packed : null;
}

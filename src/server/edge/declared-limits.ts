import type { HandshakeResponse } from '../../protocol/messages/handshake.ts';
import type { EdgeLimits } from './options.ts';

/** Left free in a request for what stands around its mutations. Bytes. */
const ENVELOPE_BYTES = 16 * 1024;

/** The handshake with the limits of this edge, where they are tighter than those of the protocol. */
export function declareLimits(response: HandshakeResponse, { maxRequestBytes }: EdgeLimits): HandshakeResponse {
  const maxBatchBytes = Math.max(Math.floor(maxRequestBytes / 2), maxRequestBytes - ENVELOPE_BYTES);
  const declared = response.limits;
  const limits = {
    ...declared,
    maxRequestBytes: Math.min(declared.maxRequestBytes ?? maxRequestBytes, maxRequestBytes),
    maxBatchBytes: Math.min(declared.maxBatchBytes ?? maxBatchBytes, maxBatchBytes),
  };
  return { ...response, limits };
}

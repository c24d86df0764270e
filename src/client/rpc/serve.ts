import { SyncError } from '../../shared/error.ts';
import { isRequest, type RpcMessage, type RpcRequest } from './messages.ts';
import type { RpcPort } from './port.ts';

/** Below this a copy is cheaper than the bookkeeping of a transfer. */
const TRANSFER_FROM_BYTES = 16_384;

/** The answering end of a line. */
export interface RpcServer {
  push(push: unknown): void;
  /** Hears and says nothing more; open calls get no answer. */
  close(): void;
}

/** Answers the calls of the other side with `handle`; what it throws crosses as a `SyncError`. */
export function serveRpc(
  port: RpcPort,
  handle: (method: string, args: readonly unknown[]) => Promise<unknown>,
): RpcServer {
  let isOpen = true;
  const answer = async (request: RpcRequest): Promise<void> => {
    try {
      const value = await handle(request.method, request.args);
      if (isOpen) port.post({ id: request.id, value }, transferable(value));
    } catch (error) {
      const known = SyncError.from(error, 'storage', `The call ${request.method} failed`);
      if (isOpen) port.post({ id: request.id, error: known.toJSON() });
    }
  };
  const stopListening = port.listen((message) => {
    if (isRequest(message as RpcMessage)) void answer(message as RpcRequest);
  });
  return {
    push(push) {
      if (isOpen) port.post({ push });
    },
    close() {
      isOpen = false;
      stopListening();
      port.close();
    },
  };
}

/** Big byte arrays change hands instead of being copied: nobody on this side keeps what it has answered. */
function transferable(value: unknown): Transferable[] {
  if (!(value instanceof Uint8Array) || value.byteLength < TRANSFER_FROM_BYTES) return [];
  return value.byteLength === value.buffer.byteLength && value.buffer instanceof ArrayBuffer ? [value.buffer] : [];
}

import type { ServerSocket } from '../server/edge/socket.ts';
import type { WebSocketLike } from '../transport/web-socket.ts';

/**
 * The two ends of a WebSocket without a network. Frames are copied and arrive in order, each in a microtask of its own, so
 * that neither end is ever called from within its own call.
 */
export function memorySocketPair(): { client: WebSocketLike; server: ServerSocket } {
  let onServerMessage: (frame: Uint8Array | string) => void = () => {};
  let onServerClose: () => void = () => {};
  let isClosed = false;
  const later = (run: () => void) => void Promise.resolve().then(run);
  const client: WebSocketLike = {
    binaryType: 'arraybuffer',
    onopen: null,
    onmessage: null,
    onclose: null,
    onerror: null,
    send(bytes) {
      const copy = bytes.slice();
      later(() => {
        if (!isClosed) onServerMessage(copy);
      });
    },
    close: () => end(1000),
  };
  const server: ServerSocket = {
    bufferedAmount: 0,
    send(bytes) {
      const data = bytes.slice().buffer;
      later(() => {
        if (!isClosed) client.onmessage?.({ data });
      });
    },
    close: (code) => end(code),
    onMessage: (listener) => {
      onServerMessage = listener;
    },
    onClose: (listener) => {
      onServerClose = listener;
    },
  };
  function end(code: number): void {
    // After what was sent before.
    later(() => {
      if (isClosed) return;
      isClosed = true;
      client.onclose?.({ code });
      onServerClose();
    });
  }
  later(() => client.onopen?.(undefined as never));
  return { client, server };
}

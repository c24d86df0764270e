import type { RawData, WebSocket } from 'ws';
import type { Logger } from '../options.ts';
import type { ServerSocket } from './socket.ts';

/** A socket of `ws` as the server wants to see it. */
export function nodeSocket(socket: WebSocket, logger: Logger): ServerSocket {
  // A frame that is too large or malformed: `ws` closes by itself, and an error without a listener would end the process.
  socket.on('error', (error) => logger.warn({ error: error.message }, 'socket error'));
  return {
    send: (bytes) => {
      if (socket.readyState === socket.OPEN) socket.send(bytes);
    },
    close: (code, reason) => socket.close(code, reason),
    get bufferedAmount() {
      return socket.bufferedAmount;
    },
    onMessage: (listener) => socket.on('message', (data, isBinary) => listener(isBinary ? bytesOf(data) : 'text')),
    onClose: (listener) => socket.once('close', listener),
  };
}

function bytesOf(data: RawData): Uint8Array {
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  return Array.isArray(data) ? Buffer.concat(data) : data;
}

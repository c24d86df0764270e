import { decode, encode } from '../../../src/protocol/codec.ts';
import type { ClientFrame, ServerFrame } from '../../../src/protocol/messages/realtime.ts';
import type { WebSocketLike } from '../../../src/transport/web-socket.ts';

/** The client's end of a socket whose other end is the test. */
export class ScriptedSocket implements WebSocketLike {
  binaryType = 'blob';
  onopen: (() => void) | null = null;
  onmessage: ((event: { readonly data: unknown }) => void) | null = null;
  onclose: ((event: { readonly code: number }) => void) | null = null;
  onerror: (() => void) | null = null;
  readonly sent: ClientFrame[] = [];
  isClosed = false;

  send(bytes: Uint8Array): void {
    if (this.isClosed) throw new Error('The socket is closed.');
    this.sent.push(decode(bytes) as unknown as ClientFrame);
  }

  close(): void {
    this.isClosed = true;
  }

  receive(frame: ServerFrame): void {
    this.receiveRaw(encode(frame).buffer);
  }

  receiveRaw(data: unknown): void {
    this.onmessage?.({ data });
  }

  types(): string[] {
    return this.sent.map((frame) => frame.type);
  }
}

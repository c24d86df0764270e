/**
 * A WebSocket as the server sees it, whatever the runtime: `serve` adapts the one of Node; Deno, Bun and Workers need a
 * few lines each.
 *
 * Contract: frames arrive in order, one call each, and none after `onClose`. `send` and `close` on a closed socket do nothing.
 */
export interface ServerSocket {
  send(bytes: Uint8Array): void;
  close(code: number, reason: string): void;
  /** Bytes handed to `send` that have not gone out yet; 0 where the runtime does not tell. */
  readonly bufferedAmount: number;
  /** Text frames arrive as text: the protocol knows none. Called once. */
  onMessage(listener: (frame: Uint8Array | string) => void): void;
  /** Called once, and heard once, whichever side closed. */
  onClose(listener: () => void): void;
}

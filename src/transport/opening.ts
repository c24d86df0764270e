import { SyncError } from '../shared/error.ts';
import type { Runtime } from '../shared/runtime.ts';
import { BRIEF_MS, type Patience } from './patience.ts';
import type { WebSocketLike } from './web-socket.ts';

export interface OpeningOptions {
  readonly runtime: Runtime;
  readonly patience: Patience;
  readonly openSocket: () => WebSocketLike;
  /** Says who we are. */
  readonly greet: (socket: WebSocketLike) => void;
  /** What the server says on one of the sockets: whoever reads a welcome in it takes that socket. */
  readonly onMessage: (socket: WebSocketLike, data: unknown) => void;
  readonly onFailed: (error: SyncError) => void;
}

/**
 * The way from the dial to the welcome. On a line that is known to be slow a second socket is opened beside the first after a
 * while: whether the first is slow or lost cannot be told, and the one that is welcomed first is taken.
 */
export class Opening {
  readonly #options: OpeningOptions;
  /** With when each was dialled. */
  readonly #sockets = new Map<WebSocketLike, number>();
  #cancelGivingUp: () => void = () => {};
  #cancelNext: () => void = () => {};

  /** @throws What stands in the way of a socket. */
  constructor(options: OpeningOptions) {
    this.#options = options;
    this.#moved();
    try {
      this.#dial();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** This one goes on as a channel, the others are left. How long it took. */
  take(socket: WebSocketLike): number {
    const startedAt = this.#sockets.get(socket) ?? this.#options.runtime.elapsed();
    this.#sockets.delete(socket);
    this.close();
    return this.#options.runtime.elapsed() - startedAt;
  }

  close(): void {
    this.#cancelGivingUp();
    this.#cancelNext();
    const sockets = [...this.#sockets.keys()];
    this.#sockets.clear();
    for (const socket of sockets) socket.close(1000);
  }

  #dial(): void {
    const { runtime, patience, openSocket, greet, onMessage } = this.#options;
    if (patience.briefMs > BRIEF_MS) this.#cancelNext = runtime.setTimer(BRIEF_MS, () => this.#dialAgain());
    const socket = openSocket();
    socket.binaryType = 'arraybuffer';
    this.#sockets.set(socket, runtime.elapsed());
    socket.onopen = () => {
      if (!this.#sockets.has(socket)) return;
      this.#moved();
      greet(socket);
    };
    socket.onmessage = ({ data }) => {
      if (this.#sockets.has(socket)) onMessage(socket, data);
    };
    socket.onclose = ({ code }) => this.#closed(socket, code);
    // Tells nothing; a close event follows.
    socket.onerror = () => {};
  }

  #dialAgain(): void {
    try {
      this.#dial();
    } catch {
      // The first one is still on its way.
    }
  }

  #closed(socket: WebSocketLike, code: number): void {
    if (this.#sockets.delete(socket) && this.#sockets.size === 0) this.#options.onFailed(closedBy(code));
  }

  /** Something happened on one of them: the time begins anew. */
  #moved(): void {
    const { runtime, patience, onFailed } = this.#options;
    const { briefMs } = patience;
    this.#cancelGivingUp();
    this.#cancelGivingUp = runtime.setTimer(briefMs, () => {
      onFailed(new SyncError('network', `The channel did not open within ${briefMs} ms.`));
    });
  }
}

/** Why a socket has ended, as far as its code tells. */
export function closedBy(code: number): SyncError {
  if (code === 1009)
    return new SyncError('too-large', 'The server refused a frame as too large.', { details: { code } });
  return new SyncError('network', 'The channel was cut off.', { details: { code } });
}

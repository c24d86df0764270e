import type { Runtime } from '../shared/runtime.ts';
import type { WebSocketLike } from './web-socket.ts';

/** A probe may have been lost on the way itself: the next one takes its place. */
const AGAIN_MS = 2_500;

export interface ProbeOptions {
  readonly runtime: Runtime;
  readonly openSocket: () => WebSocketLike;
  readonly onReached: () => void;
}

/** Opens a connection beside one that is silent, only to see whether the server can be reached at all. */
export class Probe {
  readonly #options: ProbeOptions;
  #socket: WebSocketLike | null = null;
  #cancelTimer: () => void = () => {};

  constructor(options: ProbeOptions) {
    this.#options = options;
  }

  /** Until it is closed, or the server is reached. */
  start(): void {
    this.close();
    this.#cancelTimer = this.#options.runtime.setTimer(AGAIN_MS, () => this.start());
    const socket = this.#open();
    if (!socket) return;
    this.#socket = socket;
    socket.onopen = () => {
      if (this.#socket !== socket) return;
      this.close();
      this.#options.onReached();
    };
    socket.onclose = () => {};
    socket.onerror = () => {};
  }

  close(): void {
    this.#cancelTimer();
    this.#socket?.close(1000);
    this.#socket = null;
  }

  /** What stands in the way of a socket says nothing of the line. */
  #open(): WebSocketLike | null {
    try {
      return this.#options.openSocket();
    } catch {
      return null;
    }
  }
}

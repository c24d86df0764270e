import { decode } from '../../protocol/codec.ts';
import { encodeMessage } from '../../protocol/parse.ts';
import type { WebSocketConstructor, WebSocketLike } from '../../transport/web-socket.ts';
import { DelayLine } from './delay-line.ts';
import { TOKEN_REFUSED } from './instrumented-fetch.ts';
import type { Instruments } from './instruments.ts';
import type { Breakable } from './lab.ts';

/** `WebSocket`, under the conditions of the lab, with what passes written down while somebody looks. */
export function instrumentedWebSocket(WebSocket: WebSocketConstructor, instruments: Instruments): WebSocketConstructor {
  return class extends InstrumentedSocket {
    constructor(url: string) {
      super(WebSocket, url, instruments);
    }
  };
}

class InstrumentedSocket implements WebSocketLike, Breakable {
  onopen: WebSocketLike['onopen'] = null;
  onmessage: WebSocketLike['onmessage'] = null;
  onclose: WebSocketLike['onclose'] = null;
  onerror: WebSocketLike['onerror'] = null;
  readonly #instruments: Instruments;
  readonly #up: DelayLine;
  readonly #down: DelayLine;
  readonly #leaveLab: () => void;
  #socket: WebSocketLike | null = null;
  #isClosed = false;

  constructor(WebSocket: WebSocketConstructor, url: string, instruments: Instruments) {
    const { lab, runtime } = instruments;
    this.#instruments = instruments;
    this.#up = new DelayLine(runtime);
    this.#down = new DelayLine(runtime);
    this.#leaveLab = lab.opened(this);
    // A real one never fails within its constructor either.
    if (lab.conditions.offline) runtime.setTimer(0, () => this.breakOff());
    else this.#open(new WebSocket(url));
  }

  get binaryType(): string {
    return this.#socket?.binaryType ?? 'arraybuffer';
  }

  set binaryType(type: string) {
    if (this.#socket) this.#socket.binaryType = type;
  }

  send(bytes: Uint8Array<ArrayBuffer>): void {
    const { lab, log } = this.#instruments;
    if (log.isRecording) log.add({ channel: 'websocket', direction: 'sent', type: null, bytes });
    if (!lab.shown) return this.#up.pass(0, () => this.#sendOn(bytes));
    if (lab.loses()) return this.breakOff();
    const type = typeOf(bytes);
    if (type === 'hello' && lab.refusesToken()) return this.#refuse();
    this.#up.pass(lab.conditions.latencyMs, () => this.#sendOn(bytes));
    // Frames are repeated by those who send them again after a break, never by a network: only a push may come twice.
    if (type === 'push' && lab.conditions.duplicates) {
      this.#up.pass(lab.conditions.latencyMs, () => this.#sendOn(bytes));
    }
  }

  close(code?: number, reason?: string): void {
    this.#end();
    this.#socket?.close(code, reason);
  }

  /** Cuts it off, as a network would. */
  breakOff(): void {
    if (this.#isClosed) return;
    this.#end();
    this.#socket?.close(1000);
    this.onclose?.({ code: 1006 });
  }

  #open(socket: WebSocketLike): void {
    const { lab, log } = this.#instruments;
    this.#socket = socket;
    socket.onopen = (event) => this.onopen?.(event);
    socket.onerror = (event) => this.onerror?.(event);
    socket.onclose = (event) => {
      if (this.#isClosed) return;
      this.#end();
      this.onclose?.(event);
    };
    socket.onmessage = (event) => {
      if (this.#isClosed) return;
      if (lab.loses()) return this.breakOff();
      this.#down.pass(lab.conditions.latencyMs, () => {
        if (this.#isClosed) return;
        if (log.isRecording && event.data instanceof ArrayBuffer) {
          const bytes = new Uint8Array(event.data);
          log.add({ channel: 'websocket', direction: 'received', type: null, bytes });
        }
        this.onmessage?.(event);
      });
    };
  }

  #sendOn(bytes: Uint8Array<ArrayBuffer>): void {
    if (!this.#isClosed) this.#socket?.send(bytes);
  }

  /** As the server answers a hello whose token it does not take. */
  #refuse(): void {
    const { runtime } = this.#instruments;
    const { buffer } = encodeMessage({ type: 'error', error: TOKEN_REFUSED }).slice();
    runtime.setTimer(0, () => {
      if (!this.#isClosed) this.onmessage?.({ data: buffer });
    });
  }

  #end(): void {
    this.#isClosed = true;
    this.#leaveLab();
  }
}

function typeOf(bytes: Uint8Array): unknown {
  const value = decode(bytes);
  return typeof value === 'object' && value !== null && 'type' in value ? value.type : undefined;
}

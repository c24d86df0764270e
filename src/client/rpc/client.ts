import { SyncError } from '../../shared/error.ts';
import { isReply, type RpcMessage, type RpcReply } from './messages.ts';
import type { RpcPort } from './port.ts';

interface PendingCall {
  resolve(value: unknown): void;
  reject(error: SyncError): void;
}

/** The asking end of a line: calls by name, and pushes that come on their own. */
export class RpcClient {
  readonly #port: RpcPort;
  readonly #pending = new Map<number, PendingCall>();
  readonly #onPush: (push: unknown) => void;
  readonly #stopListening: () => void;
  #lastId = 0;
  #closed: SyncError | null = null;

  constructor(port: RpcPort, onPush: (push: unknown) => void) {
    this.#port = port;
    this.#onPush = onPush;
    this.#stopListening = port.listen((message) => this.#receive(message as RpcMessage));
  }

  /** How many calls wait for their answer. */
  get openCount(): number {
    return this.#pending.size;
  }

  /** Calls a method on the other side. Rejects with the `SyncError` it threw there, or with the reason of `close`. */
  call(method: string, args: readonly unknown[]): Promise<unknown> {
    if (this.#closed) return Promise.reject(this.#closed);
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      try {
        this.#port.post({ id, method, args });
      } catch (error) {
        this.#pending.delete(id);
        reject(SyncError.from(error, 'invalid-value', `The arguments of ${method} cannot be sent to the worker`));
      }
    });
  }

  /** Ends the line: every call that is still open is rejected with `reason`, and so is every later one. */
  close(reason: SyncError): void {
    if (this.#closed) return;
    this.#closed = reason;
    this.#stopListening();
    this.#port.close();
    for (const call of this.#pending.values()) call.reject(reason);
    this.#pending.clear();
  }

  #receive(message: RpcMessage): void {
    if ('push' in message) this.#onPush(message.push);
    else if (isReply(message)) this.#settle(message);
  }

  #settle(message: RpcReply): void {
    const call = this.#pending.get(message.id);
    this.#pending.delete(message.id);
    if ('error' in message) call?.reject(SyncError.fromJSON(message.error));
    else call?.resolve(message.value);
  }
}

import type { EngineMethods, SyncKind } from '../client/engine-api.ts';
import type { SyncCallOptions } from '../client/sync.ts';
import type { SyncProgress, SyncRound } from '../client/types.ts';
import { type Schema, tableOf } from '../core/schema.ts';
import { SyncError } from '../shared/error.ts';

/** Runs rounds of sync by hand: checks, progress, and the caller's signal. */
export class SyncCalls {
  readonly #schema: Schema;
  readonly #methods: EngineMethods;
  readonly #hasServer: boolean;
  readonly #progress = new Map<string, (progress: SyncProgress) => void>();
  #lastId = 0;

  constructor(options: { readonly schema: Schema; readonly methods: EngineMethods; readonly hasServer: boolean }) {
    this.#schema = options.schema;
    this.#methods = options.methods;
    this.#hasServer = options.hasServer;
  }

  async run(kind: SyncKind, options: SyncCallOptions = {}): Promise<SyncRound> {
    const { tables, onProgress, signal } = options;
    this.requireServer(kind);
    for (const table of tables ?? []) tableOf(this.#schema, table);
    if (signal?.aborted) throw aborted(signal);
    this.#lastId += 1;
    const callId = `call-${this.#lastId}`;
    const abort = () => void this.#methods.abortSync(callId).catch(() => {});
    if (onProgress) this.#progress.set(callId, onProgress);
    signal?.addEventListener('abort', abort);
    try {
      return await this.#methods.runSync(callId, kind, tables ? { tables } : {});
    } catch (error) {
      throw signal?.aborted ? aborted(signal) : error;
    } finally {
      signal?.removeEventListener('abort', abort);
      this.#progress.delete(callId);
    }
  }

  /** @throws SyncError `no-server` in a fully local app. */
  requireServer(what: string): void {
    if (this.#hasServer) return;
    throw new SyncError('no-server', `${what} needs a sync server: give createSync({ server: { url } }).`);
  }

  deliver(callId: string, progress: SyncProgress): void {
    this.#progress.get(callId)?.(progress);
  }
}

function aborted(signal: AbortSignal): SyncError {
  return new SyncError('aborted', 'The sync was aborted.', { cause: signal.reason });
}

/**
 * Every way tidemark can say no. The set is closed: a `switch` over it can be exhaustive.
 *
 * - `invalid-schema`, `invalid-value`, `invalid-query`, `misuse`: the caller's input; nothing was written.
 * - `not-found`: the named mutation, conflict, device or table does not exist.
 * - `closed`, `aborted`, `timeout`, `interrupted`: the call did not run to its end. After `interrupted`
 *   of a `write()` the transaction is known not to have been committed.
 * - `storage`, `quota`: the local database failed, or its disk is full.
 * - `no-server`: the app runs without `server`; sync features are off.
 * - `network`, `server`, `rate-limited`: the server could not be reached or could not answer; retried by a timer.
 * - `needs-auth`, `forbidden`: the identity is missing or expired; or it may not do this.
 * - `protocol`, `version`, `too-large`: bytes or messages that this version does not accept.
 * - `rejected`: the server (or its `validate` hook) refused a mutation.
 * - `epoch`, `resync`: the cursor is of another history, or older than the retained log.
 * - `unsent-work`: going on would lose mutations that exist nowhere else.
 */
export type SyncErrorKind =
  | 'invalid-schema'
  | 'invalid-value'
  | 'invalid-query'
  | 'misuse'
  | 'not-found'
  | 'closed'
  | 'aborted'
  | 'timeout'
  | 'interrupted'
  | 'storage'
  | 'quota'
  | 'no-server'
  | 'network'
  | 'server'
  | 'rate-limited'
  | 'needs-auth'
  | 'forbidden'
  | 'protocol'
  | 'version'
  | 'too-large'
  | 'rejected'
  | 'epoch'
  | 'resync'
  | 'unsent-work';

/** What a {@link SyncError} carries besides its message: plain data, safe to log and to send between threads. */
export type SyncErrorDetails = Readonly<Record<string, string | number | boolean | null>>;

/** A {@link SyncError} as plain data, for logs, storage and messages between threads. */
export interface SyncErrorJson {
  readonly kind: SyncErrorKind;
  readonly message: string;
  readonly details?: SyncErrorDetails;
}

/**
 * The one error class of tidemark.
 *
 * The message says what happened, what was received and what to do next.
 *
 * @example
 * ```ts
 * try {
 *   await sync.write(async (tx) => tx.insert('issue', row));
 * } catch (error) {
 *   if (error instanceof SyncError && error.kind === 'invalid-value') showToast(error.message);
 *   else throw error;
 * }
 * ```
 */
export class SyncError extends Error {
  override readonly name = 'SyncError';
  readonly kind: SyncErrorKind;
  readonly details: SyncErrorDetails;

  constructor(kind: SyncErrorKind, message: string, options: { cause?: unknown; details?: SyncErrorDetails } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.kind = kind;
    this.details = options.details ?? {};
  }

  toJSON(): SyncErrorJson {
    return { kind: this.kind, message: this.message, details: this.details };
  }

  static fromJSON(json: SyncErrorJson): SyncError {
    return new SyncError(json.kind, json.message, json.details ? { details: json.details } : {});
  }

  /** Wraps anything thrown; a `SyncError` passes unchanged. */
  static from(thrown: unknown, kind: SyncErrorKind, doing: string): SyncError {
    if (thrown instanceof SyncError) return thrown;
    const text = thrown instanceof Error ? thrown.message : String(thrown);
    return new SyncError(kind, `${doing}: ${text}`, { cause: thrown });
  }
}

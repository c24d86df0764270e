import type { LogEntry } from './records.ts';
import type { LogRange, ServerStorage, StorageReader } from './storage.ts';

/** Transactions that run at once; reads that arrive meanwhile gather for the next. */
const MAX_RUNNING = 2;
/** Reads in one transaction. */
const MAX_TOGETHER = 250;
/** What is read for all and sorted out afterwards. Who is further behind reads the log of its own scopes alone. */
const SHARED_COMMITS = 100;
const SHARED_LOG_BYTES = 65_536;

/** One read: `run` settles it and never rejects. */
interface Waiting {
  readonly run: (reader: StorageReader) => Promise<void>;
  readonly fail: (error: unknown) => void;
}

/**
 * Reads that arrive together, as those of all sockets do after a commit, see one committed state through one transaction,
 * and the part of the log that they all are behind by is read once. For short reads: each waits for the longest.
 *
 * None joins a transaction that has begun: its state may be older than what the caller has heard of.
 */
export class SharedReads {
  readonly #storage: ServerStorage;
  readonly #waiting: Waiting[] = [];
  #runningCount = 0;

  constructor(storage: ServerStorage) {
    this.#storage = storage;
  }

  /** As `ServerStorage.read`. What fails in company is tried alone: another may have broken the transaction. */
  async read<T>(fn: (reader: StorageReader) => Promise<T>): Promise<T> {
    try {
      return await this.#together(fn);
    } catch {
      return this.#storage.read(fn);
    }
  }

  #together<T>(fn: (reader: StorageReader) => Promise<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.#waiting.push({ run: (reader) => fn(reader).then(resolve, reject), fail: reject });
    // Those that were woken with this one call before that.
    if (this.#waiting.length === 1) queueMicrotask(() => this.#startNext());
    return promise;
  }

  #startNext(): void {
    while (this.#runningCount < MAX_RUNNING && this.#waiting.length > 0)
      void this.#run(this.#waiting.splice(0, MAX_TOGETHER));
  }

  async #run(reads: readonly Waiting[]): Promise<void> {
    this.#runningCount += 1;
    try {
      await this.#storage.read(async (reader) => {
        const shared = reads.length > 1 ? shareLog(reader) : reader;
        await Promise.all(reads.map((read) => read.run(shared)));
      });
    } catch (error) {
      for (const read of reads) read.fail(error);
    } finally {
      this.#runningCount -= 1;
      this.#startNext();
    }
  }
}

type LogPart = Awaited<ReturnType<StorageReader['log']>>;

/** The same reader. Those who are behind by the same few commits have them read once, and each gets what is in its scopes. */
function shareLog(reader: StorageReader): StorageReader {
  const parts = new Map<string, Promise<LogPart>>();
  const wholePart = ({ after, until, maxBytes, isWholeRows = false }: LogRange): Promise<LogPart> => {
    // A part that ends within these bytes does so within the caller's own bound too.
    const bytes = Math.min(maxBytes, SHARED_LOG_BYTES);
    const id = [after.seq, after.n, until, bytes, isWholeRows].join();
    const part = parts.get(id) ?? reader.log({ after, until, scopes: null, maxBytes: bytes, isWholeRows });
    parts.set(id, part);
    return part;
  };
  const log = async (range: LogRange): Promise<LogPart> => {
    if (range.until - range.after.seq > SHARED_COMMITS) return reader.log(range);
    const { entries, isEnd } = await wholePart(range);
    return isEnd ? { entries: withinScopes(entries, range), isEnd } : reader.log(range);
  };
  return {
    log,
    position: () => reader.position(),
    rows: (table, keys) => reader.rows(table, keys),
    keysWhere: (table, column, value) => reader.keysWhere(table, column, value),
    page: (range) => reader.page(range),
    count: (table, scopes, except) => reader.count(table, scopes, except),
    heldScopes: (table, scopes) => reader.heldScopes(table, scopes),
    outcomes: (clientId, mutationIds) => reader.outcomes(clientId, mutationIds),
    parts: (clientId) => reader.parts(clientId),
    partBytes: (clientId, mutationId) => reader.partBytes(clientId, mutationId),
    device: (clientId) => reader.device(clientId),
    devices: (subject) => reader.devices(subject),
    family: (root) => reader.family(root),
    formerEpochs: () => reader.formerEpochs(),
    setting: (name) => reader.setting(name),
  };
}

function withinScopes(entries: readonly LogEntry[], { scopes, except = [] }: LogRange): LogEntry[] {
  const wanted = scopes && new Set(scopes);
  const unwanted = new Set(except);
  return entries.filter(({ scope }) => (wanted === null ? !unwanted.has(scope) : wanted.has(scope)));
}

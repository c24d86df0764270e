import { SyncError } from '../../shared/error.ts';
import type { Runtime } from '../../shared/runtime.ts';
import type { JwtAlgorithm } from './algorithms.ts';
import { usableKeys, type VerifyKey } from './verify-keys.ts';

export interface RemoteKeysOptions {
  readonly url: URL;
  readonly algorithms: readonly JwtAlgorithm[] | undefined;
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  readonly runtime: Pick<Runtime, 'elapsed' | 'setTimer'>;
}

/** Asked for anew after this time. */
const MAX_AGE_MS = 10 * 60_000;
/** A token that names an unknown key makes us ask no more often than this: anybody can write such a token. */
const COOL_DOWN_MS = 30_000;
/** The same while there are none at all: nobody can sign in until they come. */
const FIRST_COOL_DOWN_MS = 1_000;
/** While the other side cannot be reached, what it said last holds for this long. */
const STALE_MS = 24 * 3_600_000;
const TIMEOUT_MS = 5_000;
const MAX_BYTES = 256 * 1024;

/** The keys that an identity provider publishes: fetched when first needed, kept, and fetched again when they may have changed. */
export class RemoteKeys {
  readonly #options: RemoteKeysOptions;
  #keys: readonly VerifyKey[] = [];
  #fetchedAt = Number.NEGATIVE_INFINITY;
  #triedAt = Number.NEGATIVE_INFINITY;
  #fetching: Promise<void> | null = null;

  constructor(options: RemoteKeysOptions) {
    this.#options = options;
  }

  /**
   * The keys as they are known; asks for them anew when they are old, or when `isKnown` says that a new one must have come.
   *
   * @throws SyncError `server` when there are none and none can be had.
   */
  async keys(isKnown: (keys: readonly VerifyKey[]) => boolean): Promise<readonly VerifyKey[]> {
    const ageMs = this.#now() - this.#fetchedAt;
    if (ageMs > MAX_AGE_MS || !isKnown(this.#keys)) await this.#refresh();
    if (this.#now() - this.#fetchedAt > STALE_MS) {
      throw new SyncError(
        'server',
        `The keys that tokens are checked with cannot be had from ${this.#options.url.origin}.`,
      );
    }
    return this.#keys;
  }

  #now(): number {
    return this.#options.runtime.elapsed();
  }

  async #refresh(): Promise<void> {
    const coolDownMs = this.#keys.length > 0 ? COOL_DOWN_MS : FIRST_COOL_DOWN_MS;
    if (!this.#fetching && this.#now() - this.#triedAt < coolDownMs) return;
    this.#fetching ??= this.#fetch().finally(() => {
      this.#fetching = null;
    });
    await this.#fetching;
  }

  /** A failure leaves the keys as they are: the other side's bad hour must not sign everybody out. */
  async #fetch(): Promise<void> {
    this.#triedAt = this.#now();
    const timeout = new AbortController();
    const cancel = this.#options.runtime.setTimer(TIMEOUT_MS, () => timeout.abort());
    try {
      const keys = usableKeys(await this.#read(timeout.signal), this.#options.algorithms);
      if (!keys || keys.length === 0) return;
      this.#keys = keys;
      this.#fetchedAt = this.#now();
    } catch {
      // Told by keys(), once there are none that may still be used.
    } finally {
      cancel();
    }
  }

  async #read(signal: AbortSignal): Promise<unknown> {
    const { url, fetch } = this.#options;
    const response = await fetch(url.href, { signal, redirect: 'error', headers: { accept: 'application/json' } });
    if (response.status !== 200 || !response.body) throw new Error(`The answer has the status ${response.status}.`);
    const decoder = new TextDecoder('utf-8', { fatal: true });
    let text = '';
    for await (const chunk of response.body) {
      text += decoder.decode(chunk, { stream: true });
      if (text.length > MAX_BYTES) throw new Error('The answer is too large.');
    }
    return JSON.parse(text + decoder.decode());
  }
}

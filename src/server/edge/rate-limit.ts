import { SyncError } from '../../shared/error.ts';
import type { Runtime } from '../../shared/runtime.ts';
import type { Logger } from '../options.ts';
import type { Identity } from '../service.ts';
import { type AddressReader, addressReader, type ProxyOptions } from './address.ts';
import { InsuredLimiter } from './insured-limiter.ts';
import { msBeforeNext, type RateLimiter, type RateLimitStore } from './limiter.ts';

/** So many requests in so many seconds. */
export interface Rate {
  readonly points: number;
  readonly durationS: number;
}

export interface RateLimitOptions extends ProxyOptions {
  /** For whoever has signed in. Default: 1,000 in 10 s. */
  readonly perIdentity?: Rate;
  /** For an address, before it is known who calls; many may share one. Default: 3,000 in 10 s. */
  readonly perAddress?: Rate;
  /**
   * Where several nodes count together. Default: each node counts in its memory; so it does, too, while the store is down.
   */
  readonly store?: RateLimitStore;
}

/** Who everyone is on a server without `auth`: no one person, and so counted by address alone. */
export const ANONYMOUS: Identity = Object.freeze({ id: 'anonymous' });

const PER_IDENTITY: Rate = { points: 1_000, durationS: 10 };
const PER_ADDRESS: Rate = { points: 3_000, durationS: 10 };

interface Limiters {
  readonly identity: RateLimiter;
  readonly address: RateLimiter;
}

/** Counts calls, by address and by identity, and refuses those that are too many. */
export class RateLimits {
  readonly #limiters: Promise<Limiters>;
  readonly #addressOf: AddressReader;
  readonly #store: RateLimitStore | undefined;
  readonly #logger: Logger;

  constructor(options: RateLimitOptions, context: { readonly logger: Logger; readonly runtime: Runtime }) {
    this.#addressOf = addressReader(options);
    this.#store = options.store;
    this.#logger = context.logger;
    this.#limiters = makeLimiters(options, context);
    this.#limiters.catch((error) => context.logger.error({ error: String(error) }, 'rate limits are off'));
  }

  /** @throws SyncError `rate-limited`. */
  async takeIdentity({ id }: Identity): Promise<void> {
    if (id !== ANONYMOUS.id) await this.#take('identity', id);
  }

  /** @throws SyncError `rate-limited`. */
  async takeAddress(request: Request | undefined, remoteAddress: string | undefined): Promise<void> {
    const address = this.#addressOf(request, remoteAddress);
    if (address !== null) await this.#take('address', address);
  }

  async close(): Promise<void> {
    try {
      await this.#store?.close?.();
    } catch (error) {
      this.#logger.warn({ error: String(error) }, 'the store of rate limits could not be closed');
    }
  }

  async #take(kind: keyof Limiters, key: string): Promise<void> {
    const limiters = await this.#limiters.catch(() => null);
    try {
      await limiters?.[kind].consume(key);
    } catch (refusal) {
      throw tooMany(kind, msBeforeNext(refusal) ?? 1_000);
    }
  }
}

async function makeLimiters(
  { perIdentity = PER_IDENTITY, perAddress = PER_ADDRESS, store }: RateLimitOptions,
  context: { readonly logger: Logger; readonly runtime: Runtime },
): Promise<Limiters> {
  // Loaded where it is wanted: a server without limits needs none of it.
  const { RateLimiterMemory } = await import('rate-limiter-flexible');
  const limiter = (name: string, { points, durationS }: Rate): RateLimiter => {
    const options = { keyPrefix: `tidemark_${name}`, points, duration: durationS };
    const memory = new RateLimiterMemory(options);
    return store ? new InsuredLimiter({ name, store: store(options), insurance: memory, ...context }) : memory;
  };
  return { identity: limiter('identity', perIdentity), address: limiter('address', perAddress) };
}

function tooMany(kind: keyof Limiters, retryAfterMs: number): SyncError {
  const whom = kind === 'identity' ? 'you' : 'your address';
  const seconds = Math.ceil(retryAfterMs / 1000);
  return new SyncError('rate-limited', `Too many calls came from ${whom}. Try again in ${seconds} s.`, {
    details: { retryAfterMs },
  });
}

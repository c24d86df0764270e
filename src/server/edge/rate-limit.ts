import { SyncError } from '../../shared/error.ts';
import type { Logger } from '../options.ts';

/** So many requests in so many seconds. */
export interface Rate {
  readonly points: number;
  readonly durationS: number;
}

/** What counts: the part of a limiter of `rate-limiter-flexible` that is used here. */
export interface RateLimiter {
  /** Rejects with `msBeforeNext` when there are no points left; with anything else when its store fails. */
  consume(key: string, points?: number): Promise<unknown>;
}

export interface RateLimitOptions {
  /** For whoever has signed in. Default: 1,000 in 10 s. */
  readonly perIdentity?: Rate;
  /** For an address, before it is known who calls; many may share one. Default: 3,000 in 10 s. */
  readonly perAddress?: Rate;
  /**
   * Makes the limiters, for several nodes that count together; `RateLimiterPostgres` and `RateLimiterRedis` of
   * `rate-limiter-flexible` fit. Default: each node counts in its memory.
   */
  readonly store?: (options: { keyPrefix: string; points: number; duration: number }) => RateLimiter;
  /** How many proxies of your own stand in front: each adds an address to `x-forwarded-for`. Default: 0. */
  readonly proxyCount?: number;
}

const PER_IDENTITY: Rate = { points: 1_000, durationS: 10 };
const PER_ADDRESS: Rate = { points: 3_000, durationS: 10 };

/** Counts calls, by address and by identity, and refuses those that are too many. */
export class RateLimits {
  readonly #limiters: Promise<{ identity: RateLimiter; address: RateLimiter }>;
  readonly #proxyCount: number;
  readonly #logger: Logger;

  constructor(options: RateLimitOptions, logger: Logger) {
    this.#limiters = makeLimiters(options);
    this.#limiters.catch((error) => logger.error({ error: String(error) }, 'rate limits are off'));
    this.#proxyCount = options.proxyCount ?? 0;
    this.#logger = logger;
  }

  /** @throws SyncError `rate-limited`. */
  async takeIdentity(id: string): Promise<void> {
    await this.#take('identity', id);
  }

  /** @throws SyncError `rate-limited`. */
  async takeAddress(request: Request | undefined, remoteAddress: string | undefined): Promise<void> {
    const address = addressOf(request, remoteAddress, this.#proxyCount);
    if (address !== null) await this.#take('address', address);
  }

  async #take(kind: 'identity' | 'address', key: string): Promise<void> {
    try {
      await (await this.#limiters)[kind].consume(key);
    } catch (refusal) {
      const waitMs = msBeforeNext(refusal);
      // A store that is down must not keep everybody out.
      if (waitMs === null) this.#logger.error({ error: String(refusal) }, 'calls could not be counted');
      else throw tooMany(kind, waitMs);
    }
  }
}

async function makeLimiters({ perIdentity = PER_IDENTITY, perAddress = PER_ADDRESS, store }: RateLimitOptions) {
  const make = store ?? (await memoryStore());
  const limiter = (keyPrefix: string, { points, durationS }: Rate) => make({ keyPrefix, points, duration: durationS });
  return { identity: limiter('tidemark_identity', perIdentity), address: limiter('tidemark_address', perAddress) };
}

/** Loaded where it is wanted: a server without limits needs none of it. */
async function memoryStore(): Promise<NonNullable<RateLimitOptions['store']>> {
  const { RateLimiterMemory } = await import('rate-limiter-flexible');
  return (options) => new RateLimiterMemory(options);
}

function msBeforeNext(refusal: unknown): number | null {
  const isRefusal = typeof refusal === 'object' && refusal !== null && 'msBeforeNext' in refusal;
  return isRefusal && typeof refusal.msBeforeNext === 'number' ? Math.max(1, Math.ceil(refusal.msBeforeNext)) : null;
}

function tooMany(kind: 'identity' | 'address', retryAfterMs: number): SyncError {
  const whom = kind === 'identity' ? 'you' : 'your address';
  return new SyncError(
    'rate-limited',
    `Too many calls came from ${whom}. Try again in ${Math.ceil(retryAfterMs / 1000)} s.`,
    {
      details: { retryAfterMs },
    },
  );
}

/** The address that the outermost proxy of ours saw; headers that a caller may have written itself do not count. */
function addressOf(request: Request | undefined, remoteAddress: string | undefined, proxyCount: number): string | null {
  const hops = request?.headers.get('x-forwarded-for')?.split(',') ?? [];
  const seen = proxyCount > 0 ? hops.at(-proxyCount)?.trim() : remoteAddress;
  return seen ? network(seen) : null;
}

/** Of IPv6 the /64 that one subscriber has (RFC 6177). */
function network(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '');
  if (!plain.includes(':')) return plain;
  const [head = '', tail = ''] = plain.split('::');
  const [left, right] = [head, tail].map((part) => part.split(':').filter((group) => group !== ''));
  const zeros = Array.from({ length: Math.max(0, 8 - (left?.length ?? 0) - (right?.length ?? 0)) }, () => '0');
  return [...(left ?? []), ...zeros, ...(right ?? [])].slice(0, 4).join(':').toLowerCase();
}

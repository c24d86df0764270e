import { SyncError } from '../../shared/error.ts';

/** Which words about the address of a caller are believed. */
export interface ProxyOptions {
  /** How many proxies of your own stand in front: each adds an address to `x-forwarded-for`. Default: 0. */
  readonly proxyCount?: number;
  /**
   * Or which they are: addresses, or networks such as `10.0.0.0/8`. Then `x-forwarded-for` counts only on connections that come
   * from one of them, and only as far as one of them has written it: for servers that can be reached past their proxies.
   */
  readonly proxies?: readonly string[];
}

/** Tells the address a request comes from, as a key to count by; null when nobody knows. */
export type AddressReader = (request: Request | undefined, remoteAddress: string | undefined) => string | null;

/** @throws SyncError `misuse` for what is no address or network, and for both ways at once. */
export function addressReader({ proxyCount = 0, proxies }: ProxyOptions): AddressReader {
  if (proxies === undefined) {
    const seen = (request: Request | undefined) => (proxyCount > 0 ? hopsOf(request).at(-proxyCount) : undefined);
    return (request, remoteAddress) => toKey(seen(request) ?? remoteAddress);
  }
  if (proxyCount > 0) throw new SyncError('misuse', 'Give proxyCount or proxies, not both.');
  const networks = proxies.map(parseNetwork);
  const isOurs = (hop: string) => networks.some((network) => contains(network, hop));
  return (request, remoteAddress) => {
    if (remoteAddress === undefined) return null;
    const hops = [...hopsOf(request), remoteAddress];
    // From the connection outwards: what stands before the first stranger may have been written by that stranger.
    return toKey(hops.findLast((hop) => !isOurs(hop)) ?? hops[0]);
  };
}

/** The addresses of `x-forwarded-for`, the nearest last; some proxies add a port. */
function hopsOf(request: Request | undefined): string[] {
  const hops = request?.headers.get('x-forwarded-for')?.split(',') ?? [];
  return hops.map((hop) => withoutPort(hop.trim())).filter((hop) => hop !== '');
}

function withoutPort(hop: string): string {
  return /^\[([^\]]*)\](?::\d+)?$/.exec(hop)?.[1] ?? /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(hop)?.[1] ?? hop;
}

const MAX_KEY_LENGTH = 64;

/** Of IPv6 the /64 that one subscriber has (RFC 6177). */
function toKey(address: string | undefined): string | null {
  if (!address) return null;
  const bits = parseAddress(address);
  if (bits === null) return address.slice(0, MAX_KEY_LENGTH);
  const part = (shift: bigint, mask: bigint) => (bits >> shift) & mask;
  if (bits >> 32n === MAPPED) return [24n, 16n, 8n, 0n].map((shift) => part(shift, 0xffn)).join('.');
  const groups = [112n, 96n, 80n, 64n].map((shift) => part(shift, 0xff_ffn).toString(16));
  return `${groups.join(':')}::/64`;
}

interface Network {
  readonly bits: bigint;
  /** How many of the 128 bits are looked at. */
  readonly prefix: number;
}

/** IPv4 addresses are looked at as IPv6 has them: `::ffff:a.b.c.d` (RFC 4291, section 2.5.5.2). */
const MAPPED = 0xff_ffn;
const MAPPED_PREFIX = 96;

function contains({ bits, prefix }: Network, hop: string): boolean {
  const address = parseAddress(hop);
  const rest = BigInt(128 - prefix);
  return address !== null && address >> rest === bits >> rest;
}

function parseNetwork(text: string): Network {
  const [address = '', length, ...more] = text.split('/');
  const bits = parseAddress(address);
  const widest = address.includes(':') ? 0 : MAPPED_PREFIX;
  const prefix = length === undefined ? 128 : /^\d{1,3}$/.test(length) ? widest + Number(length) : Number.NaN;
  if (bits !== null && prefix >= widest && prefix <= 128 && more.length === 0) return { bits, prefix };
  throw new SyncError(
    'misuse',
    `${JSON.stringify(text)} is no address or network: write 10.0.0.7, 10.0.0.0/8 or fd00::/8.`,
  );
}

/** The 128 bits of an address; null for what is none. */
function parseAddress(text: string): bigint | null {
  const [plain = ''] = text.split('%');
  if (!plain.includes(':')) {
    const v4 = parseV4(plain);
    return v4 === null ? null : (MAPPED << 32n) | v4;
  }
  const embedded = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(plain);
  const v4 = embedded ? parseV4(embedded[2] ?? '') : 0n;
  if (v4 === null) return null;
  return parseV6(embedded ? `${embedded[1]}${(v4 >> 16n).toString(16)}:${(v4 & 0xff_ffn).toString(16)}` : plain);
}

function parseV4(text: string): bigint | null {
  if (!/^\d{1,3}(\.\d{1,3}){3}$/.test(text)) return null;
  const parts = text.split('.').map(Number);
  return parts.every((part) => part <= 255) ? parts.reduce((bits, part) => (bits << 8n) | BigInt(part), 0n) : null;
}

function parseV6(text: string): bigint | null {
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const [left = [], right = []] = halves.map((half) => (half === '' ? [] : half.split(':')));
  const missing = 8 - left.length - right.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return null;
  const groups = [...left, ...Array.from({ length: missing }, () => '0'), ...right];
  if (!groups.every((group) => /^[\da-f]{1,4}$/i.test(group))) return null;
  return groups.reduce((bits, group) => (bits << 16n) | BigInt(`0x${group}`), 0n);
}

/**
 * `next`, with every part that equals its counterpart in `previous` replaced by the old object: whoever selects a slice that
 * did not change gets the very same reference. Plain objects, arrays, bytes and primitives.
 */
export function shareEqual<T>(previous: T, next: T): T;
export function shareEqual(previous: unknown, next: unknown): unknown {
  if (Object.is(previous, next)) return previous;
  if (Array.isArray(previous) && Array.isArray(next)) return shareList(previous, next);
  if (previous instanceof Uint8Array && next instanceof Uint8Array) return sameBytes(previous, next) ? previous : next;
  if (isPlain(previous) && isPlain(next)) return shareObject(previous, next);
  return next;
}

/** A list's head may have been trimmed and its tail grown, so an item is also compared with those that come later. */
function shareList(previous: readonly unknown[], next: readonly unknown[]): readonly unknown[] {
  const shift = shiftOf(previous, next);
  const shared = next.map((item, index) => shareEqual(previous[index + shift], item));
  const isSame = previous.length === next.length && shared.every((item, index) => Object.is(item, previous[index]));
  return isSame ? previous : shared;
}

/** How many items fell off the front. Only items with an identity of their own are looked for. */
function shiftOf(previous: readonly unknown[], next: readonly unknown[]): number {
  const first = identityOf(next[0]);
  if (first === undefined) return 0;
  return Math.max(
    previous.findIndex((item) => identityOf(item) === first),
    0,
  );
}

function identityOf(item: unknown): unknown {
  if (!isPlain(item)) return undefined;
  return item.id ?? item.mutationId ?? item.scope ?? item.deviceId ?? item.at;
}

function shareObject(previous: Record<string, unknown>, next: Record<string, unknown>): Record<string, unknown> {
  const names = Object.keys(next);
  const shared: Record<string, unknown> = {};
  let isSame = names.length === Object.keys(previous).length;
  for (const name of names) {
    shared[name] = shareEqual(previous[name], next[name]);
    isSame &&= Object.hasOwn(previous, name) && Object.is(shared[name], previous[name]);
  }
  return isSame ? previous : shared;
}

function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

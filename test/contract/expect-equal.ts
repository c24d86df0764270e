/** Deep equality for workers, where the test runner cannot go: as `toStrictEqual`, over plain data, bytes and primitives. */
export function expectEqual(actual: unknown, expected: unknown): void {
  if (!equal(actual, expected)) throw new Error(`expected ${show(expected)}, received ${show(actual)}`);
}

function equal(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return Object.is(a, b);
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  if (a instanceof Uint8Array && b instanceof Uint8Array) {
    return a.length === b.length && a.every((byte, index) => byte === b[index]);
  }
  const [left, right] = [Object.entries(a), Object.entries(b)];
  return (
    left.length === right.length &&
    left.every(([key, value], index) => key === right[index]?.[0] && equal(value, right[index]?.[1]))
  );
}

function show(value: unknown): string {
  const text = JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part === 'bigint') return `${part}n`;
    if (Object.is(part, -0)) return '-0';
    return part instanceof Uint8Array ? `${part.length} bytes ${part.slice(0, 8).join(' ')}` : part;
  });
  return (text ?? String(value)).slice(0, 400);
}

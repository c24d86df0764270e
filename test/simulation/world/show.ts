/** Any value as text, bit by bit. */
export function show(value: unknown): string {
  return JSON.stringify(value, (_key, part) => {
    if (typeof part === 'bigint') return `${part}n`;
    return part instanceof Uint8Array ? [...part].join('.') : Object.is(part, -0) ? '-0' : part;
  });
}

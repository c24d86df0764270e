import { valueText } from '../data/value-text.ts';

/** One value as it is: null, empty and missing ones told apart from text that reads the same. */
export function Value({ value, className = '' }: { readonly value: unknown; readonly className?: string }) {
  const isPlain = value !== null && value !== undefined && value !== '';
  return (
    <span className={`value ${isPlain ? '' : 'hollow'} ${className}`} dir="auto" data-type={typeOf(value)}>
      {valueText(value)}
    </span>
  );
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  return value instanceof Uint8Array ? 'bytes' : typeof value;
}

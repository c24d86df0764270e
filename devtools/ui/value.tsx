import { valueText } from '../data/value-text.ts';

/** A long text may scroll, and then the keyboard has to be able to enter it. */
export function tabStop(text: string): { tabIndex?: 0 } {
  return text.length > MAYBE_TALL ? { tabIndex: 0 } : {};
}

/** Characters that may fill more lines than are shown, in a narrow column. */
const MAYBE_TALL = 100;

/** One value as it is: null, empty and missing ones told apart from text that reads the same. */
export function Value({ value, className = '' }: { readonly value: unknown; readonly className?: string }) {
  const isPlain = value !== null && value !== undefined && value !== '';
  const text = valueText(value);
  return (
    <span
      {...tabStop(text)}
      className={`value ${isPlain ? '' : 'hollow'} ${className}`}
      dir="auto"
      data-type={typeOf(value)}
    >
      {text}
    </span>
  );
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  return value instanceof Uint8Array ? 'bytes' : typeof value;
}

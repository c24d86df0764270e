import { valueText } from '../../data/value-text.ts';

interface GridValueProps {
  readonly value: unknown;
  readonly mark?: 'changed' | 'deleted' | undefined;
}

/** So much of a value fits into a cell; the whole of it stands in the details. */
const SHOWN = 120;

/** A value on one line. */
export function GridValue({ value, mark }: GridValueProps) {
  const text = valueText(value);
  const isHollow = value === null || value === undefined || value === '';
  return (
    <span className={`cell-value ${isHollow ? 'hollow' : ''}`} data-mark={mark} dir="auto" title={text.slice(0, 1_000)}>
      {text.slice(0, SHOWN)}
    </span>
  );
}

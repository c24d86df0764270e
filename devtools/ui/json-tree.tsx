import { useState } from 'react';
import { Value } from './value.tsx';

interface JsonTreeProps {
  readonly value: unknown;
  readonly name?: string;
  /** How many levels are open at first. */
  readonly openLevels?: number;
}

/** So many entries of one list or map are shown at first. */
const FIRST_ENTRIES = 50;

/** A value of any shape, to be opened level by level. What is not open does not exist yet. */
export function JsonTree({ value, name, openLevels = 2 }: JsonTreeProps) {
  const entries = entriesOf(value);
  if (entries === null || entries.length === 0) {
    return (
      <p className="json-leaf">
        {name !== undefined && <span className="json-name">{name}: </span>}
        {entries ? <span className="value hollow">{shapeOf(value, 0)}</span> : <Value value={value} />}
      </p>
    );
  }
  return <Branch {...{ value, entries, openLevels }} {...(name === undefined ? {} : { name })} />;
}

interface BranchProps extends JsonTreeProps {
  readonly entries: readonly (readonly [string, unknown])[];
  readonly openLevels: number;
}

function Branch({ value, name, entries, openLevels }: BranchProps) {
  const [isOpen, setOpen] = useState(openLevels > 0);
  const [shownCount, setShownCount] = useState(FIRST_ENTRIES);
  return (
    <details className="json" open={isOpen} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        {name !== undefined && <span className="json-name">{name} </span>}
        <span className="muted">{shapeOf(value, entries.length)}</span>
      </summary>
      {isOpen && (
        <div className="json-body">
          {entries.slice(0, shownCount).map(([key, child]) => (
            <JsonTree key={key} name={key} value={child} openLevels={openLevels - 1} />
          ))}
          {entries.length > shownCount && (
            <button type="button" className="link" onClick={() => setShownCount(shownCount + 10 * FIRST_ENTRIES)}>
              {entries.length - shownCount} more
            </button>
          )}
        </div>
      )}
    </details>
  );
}

function entriesOf(value: unknown): readonly (readonly [string, unknown])[] | null {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return null;
  return Object.entries(value).filter(([, child]) => child !== undefined);
}

function shapeOf(value: unknown, count: number): string {
  return Array.isArray(value) ? `[${count}]` : `{${count}}`;
}

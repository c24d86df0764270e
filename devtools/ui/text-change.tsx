import { useMemo } from 'react';
import { textDiff } from '../data/text-diff.ts';
import { tabStop, Value } from './value.tsx';

interface TextChangeProps {
  readonly before: unknown;
  readonly after: unknown;
}

/** A value against the one before it: texts word by word, anything else as it is. */
export function TextChange({ before, after }: TextChangeProps) {
  const isText = typeof before === 'string' && typeof after === 'string' && before !== after && before && after;
  return isText ? <TextDiff before={before} after={after} /> : <Value value={after} />;
}

function TextDiff({ before, after }: { readonly before: string; readonly after: string }) {
  const parts = useMemo(() => textDiff(before, after), [before, after]);
  return (
    <span {...tabStop(before + after)} className="value text-diff" dir="auto">
      {parts.map(({ kind, text }, index) => {
        const Part = { same: 'span', removed: 'del', added: 'ins' }[kind] as 'span' | 'del' | 'ins';
        // biome-ignore lint/suspicious/noArrayIndexKey: the runs of one text do not move
        return <Part key={index}>{text}</Part>;
      })}
    </span>
  );
}

/** A run of text in a diff: in both, only in the old one, or only in the new one. */
export interface DiffPart {
  readonly kind: 'same' | 'removed' | 'added';
  readonly text: string;
}

/** Beyond so many pairs of words the middle is shown as replaced whole: nobody reads such a diff, and it would take seconds. */
const MAX_PAIRS = 1_000_000;

/** What happened between two texts, in words: the longest common subsequence of words and gaps. */
export function textDiff(before: string, after: string): DiffPart[] {
  const [a, b] = [words(before), words(after)];
  const start = commonStart(a, b);
  const end = commonEnd(a.slice(start), b.slice(start));
  const [midA, midB] = [a.slice(start, a.length - end), b.slice(start, b.length - end)];
  return joined([
    ...a.slice(0, start).map(same),
    ...(midA.length * midB.length > MAX_PAIRS ? [removed(midA.join('')), added(midB.join(''))] : byWords(midA, midB)),
    ...a.slice(a.length - end).map(same),
  ]);
}

function words(text: string): string[] {
  return text.match(/\s+|[\p{L}\p{N}_]+|./gsu) ?? [];
}

const same = (text: string): DiffPart => ({ kind: 'same', text });
const removed = (text: string): DiffPart => ({ kind: 'removed', text });
const added = (text: string): DiffPart => ({ kind: 'added', text });

function commonStart(a: readonly string[], b: readonly string[]): number {
  let count = 0;
  while (count < a.length && count < b.length && a[count] === b[count]) count += 1;
  return count;
}

function commonEnd(a: readonly string[], b: readonly string[]): number {
  let count = 0;
  while (count < a.length && count < b.length && a.at(-1 - count) === b.at(-1 - count)) count += 1;
  return count;
}

function byWords(a: readonly string[], b: readonly string[]): DiffPart[] {
  const lengths = commonLengths(a, b);
  const width = b.length + 1;
  const parts: DiffPart[] = [];
  let [i, j] = [0, 0];
  while (i < a.length && j < b.length) {
    const [word, other] = [a[i] ?? '', b[j] ?? ''];
    if (word === other) parts.push(same(word));
    const skipsOld = word !== other && (lengths[(i + 1) * width + j] ?? 0) >= (lengths[i * width + j + 1] ?? 0);
    if (skipsOld) parts.push(removed(word));
    else if (word !== other) parts.push(added(other));
    if (word === other || skipsOld) i += 1;
    if (word === other || !skipsOld) j += 1;
  }
  return [...parts, ...a.slice(i).map(removed), ...b.slice(j).map(added)];
}

/** How long the longest common subsequence of the rests from (i, j) is, row by row. */
function commonLengths(a: readonly string[], b: readonly string[]): Uint32Array {
  const width = b.length + 1;
  const lengths = new Uint32Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      const at = i * width + j;
      lengths[at] =
        a[i] === b[j] ? (lengths[at + width + 1] ?? 0) + 1 : Math.max(lengths[at + width] ?? 0, lengths[at + 1] ?? 0);
    }
  }
  return lengths;
}

/**
 * Neighbours of one kind become one run; of what was replaced, the old stands before the new. A gap between two replaced
 * words is replaced with them: a sentence that has become another reads as two sentences, not as confetti.
 */
function joined(parts: readonly DiffPart[]): DiffPart[] {
  const runs: DiffPart[] = [];
  let [old, fresh, gap] = ['', '', ''];
  const flush = () => {
    if (old) runs.push(removed(old));
    if (fresh) runs.push(added(fresh));
    if (gap) runs.push(same(gap));
    [old, fresh, gap] = ['', '', ''];
  };
  for (const { kind, text } of parts) {
    if (kind === 'same' && (old || fresh) && !gap && text.trim() === '') gap = text;
    else if (kind === 'same') {
      flush();
      const last = runs.at(-1);
      if (last?.kind === 'same') runs[runs.length - 1] = same(last.text + text);
      else runs.push(same(text));
    } else {
      if (gap) [old, fresh, gap] = [old + gap, fresh + gap, ''];
      if (kind === 'removed') old += text;
      else fresh += text;
    }
  }
  flush();
  return runs;
}

import { expect, test } from 'vitest';
import { textDiff } from '../../../devtools/data/text-diff.ts';

const MARKS = { same: ['', ''], removed: ['[-', '-]'], added: ['{+', '+}'] } as const;

const shown = (before: string, after: string) =>
  textDiff(before, after)
    .map(({ kind, text }) => MARKS[kind][0] + text + MARKS[kind][1])
    .join('');

test.each([
  ['Birds on pier', 'Gulls on the pier', '[-Birds-]{+Gulls+} on{+ the+} pier'],
  ['the same', 'the same', 'the same'],
  ['', 'new', '{+new+}'],
  ['old', '', '[-old-]'],
  ['a b c', 'c b a', '[-a-]{+c+} b [-c-]{+a+}'],
  ['Grüße, ', 'Grüße an Ünal', 'Grüße[-, -]{+ an Ünal+}'],
  ['as it was', 'from the first', '[-as it was-]{+from the first+}'],
  ['see the gulls', 'see a tern fly', 'see [-the gulls-]{+a tern fly+}'],
])('%j and %j differ as %j', (before, after, wanted) => {
  expect(shown(before, after)).toBe(wanted);
});

test('both texts can be read from the parts, whatever they are', () => {
  const [before, after] = ['one two  three\nfour 👩‍👩‍👧 five', 'zero one  three\nfive 👩‍👧 four'];
  const parts = textDiff(before, after);
  const side = (not: string) => parts.filter(({ kind }) => kind !== not).map(({ text }) => text);
  expect(side('added').join('')).toBe(before);
  expect(side('removed').join('')).toBe(after);
});

test('texts too long to compare are replaced whole', () => {
  const long = (word: string) => `same ${Array.from({ length: 2_000 }, (_, index) => word + index).join(' ')} end`;
  expect(textDiff(long('a'), long('b')).map(({ kind }) => kind)).toEqual(['same', 'removed', 'added', 'same']);
});

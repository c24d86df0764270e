import { expect, test } from 'vitest';
import { DARK, LIGHT } from '../../../devtools/styles/base.ts';

const [light, dark] = [LIGHT, DARK].map(
  (part) =>
    new Map([...part.matchAll(/--([a-z-]+): (#[0-9a-f]{6})/g)].map(([, name, value]) => [name ?? '', value ?? ''])),
);

/** WCAG 2.2, relative luminance and contrast ratio. */
function contrast(a: string, b: string): number {
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return ((high ?? 0) + 0.05) / ((low ?? 0) + 0.05);
}

function luminance(colour: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const channel = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return channel <= 0.040_45 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * (r ?? 0) + 0.7152 * (g ?? 0) + 0.0722 * (b ?? 0);
}

const tones = ['ok', 'busy', 'warn', 'bad', 'idle'];
const text = [
  ...['text', 'muted', 'ok', 'bad', 'busy'].flatMap((ink) =>
    ['bg', 'surface', 'raised', 'select'].map((paper) => [ink, paper] as const),
  ),
  ...tones.flatMap((tone) => [[tone, `${tone}-bg`] as const, ['text', `${tone}-bg`] as const]),
  ['text', 'hover'] as const,
  ['on-accent', 'accent'] as const,
];

test.each([
  ['light', light],
  ['dark', dark],
])('%s text has the contrast of WCAG AA on all it stands on', (_name, colours) => {
  const weak = text
    .map(([ink, paper]) => [ink, paper, contrast(colours?.get(ink) ?? '', colours?.get(paper) ?? '')] as const)
    .filter(([, , ratio]) => !(ratio >= 4.5));
  expect(weak).toEqual([]);
});

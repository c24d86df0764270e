import { expect, test } from 'vitest';
import { slotCount } from '../../../devtools/ui/slots.ts';

test('every row on the screen has an element of its own, and a few more rows do not change which', () => {
  for (const shown of [0, 1, 15, 16, 17, 40]) expect(slotCount(shown)).toBeGreaterThanOrEqual(Math.max(1, shown));
  expect(slotCount(33)).toBe(slotCount(47));
});

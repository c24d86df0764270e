// @vitest-environment happy-dom
import { afterEach, expect, test } from 'vitest';
import { isOutOfSight, standsIn } from '../../../devtools/data/sight.ts';

const isHidden = (hidden: boolean) => Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });
afterEach(() => isHidden(false));

test('a panel in a window of its own is in sight while the page lies behind it, and out of sight when it is closed', () => {
  expect(isOutOfSight()).toBe(false);
  isHidden(true);
  expect(isOutOfSight()).toBe(true);
  const own = { hidden: false } as Document;
  const leave = standsIn(own);
  expect(isOutOfSight()).toBe(false);
  Object.assign(own, { hidden: true });
  expect(isOutOfSight()).toBe(true);
  Object.assign(own, { hidden: false });
  leave();
  expect(isOutOfSight()).toBe(true);
});

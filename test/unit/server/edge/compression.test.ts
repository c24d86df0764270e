import { expect, test } from 'vitest';
import { chooseEncoding } from '../../../../src/server/edge/compression.ts';

test.each([
  [null, null],
  ['', null],
  ['br', null],
  ['gzip', 'gzip'],
  ['GZIP;q=0.5', 'gzip'],
  ['gzip, zstd', 'zstd'],
  ['zstd;q=0, gzip', 'gzip'],
  ['zstd;q=0.0, gzip;q=0', null],
  // Whoever takes anything may not know the newest.
  ['*', 'gzip'],
])('who accepts %j gets %j', (accepted, encoding) => {
  expect(chooseEncoding(accepted)).toBe(encoding);
});

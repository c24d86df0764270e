import { describe, expect, test } from 'vitest';
import { allowsOrigin, mayOpenSocket } from '../../../../src/server/edge/origin.ts';

describe('another origin', () => {
  const listed = { origins: ['https://app.example'] };

  test.each([
    ['https://app.example', true],
    // What only begins or ends like one that is named is somebody else.
    ['https://app.example.evil.example', false],
    ['https://app.example:8443', false],
    ['http://app.example', false],
    ['https://app', false],
    ['', false],
  ])('is allowed when it is named as it is: %s', (origin, isAllowed) => {
    expect(allowsOrigin(listed, origin)).toBe(isAllowed);
  });

  test('is never allowed where none is named', () => {
    expect(allowsOrigin(undefined, 'https://app.example')).toBe(false);
  });

  test('is allowed where all are', () => {
    expect(allowsOrigin({ origins: '*' }, 'https://anybody.example')).toBe(true);
  });

  test('is asked about where a function decides', () => {
    const origins = (origin: string) => origin.endsWith('.example');
    expect(allowsOrigin({ origins }, 'https://a.example')).toBe(true);
    expect(allowsOrigin({ origins }, 'https://a.evil')).toBe(false);
  });
});

test.each([
  ['https://own.example', { host: 'own.example' }, true],
  ['https://evilown.example', { host: 'own.example' }, false],
  ['https://own.example', { host: 'inner:8787', 'x-forwarded-host': 'own.example' }, true],
  ['https://own.example:444', { host: 'own.example' }, false],
  ['null', { host: 'own.example' }, false],
])('a page of %s opens a socket at %j: %s', (origin, headers, may) => {
  const request = { headers: new Headers({ ...(headers as Record<string, string>), origin }) } as Request;
  expect(mayOpenSocket(undefined, request)).toBe(may);
});

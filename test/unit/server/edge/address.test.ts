import { describe, expect, test } from 'vitest';
import { addressReader, type ProxyOptions } from '../../../../src/server/edge/address.ts';

/** The key of a request with this `x-forwarded-for` that came over a connection from `remote`. */
function keyOf(options: ProxyOptions, forwarded: string | null, remote?: string): string | null {
  const headers = new Headers(forwarded === null ? [] : [['x-forwarded-for', forwarded]]);
  return addressReader(options)(new Request('http://a.example', { headers }), remote);
}

describe('without proxies', () => {
  test('the connection tells, whatever the caller wrote', () => {
    expect(keyOf({}, '1.1.1.1', '9.9.9.9')).toBe('9.9.9.9');
    expect(keyOf({}, null)).toBeNull();
  });

  test('IPv4 is the same address however it is written, and of IPv6 the network of a subscriber counts', () => {
    expect(keyOf({}, null, '::ffff:9.9.9.9')).toBe('9.9.9.9');
    expect(keyOf({}, null, '::FFFF:909:909')).toBe('9.9.9.9');
    expect(keyOf({}, null, '2001:db8:1:2::1')).toBe('2001:db8:1:2::/64');
    expect(keyOf({}, null, '2001:0db8:1:2:ffff::9%eth0')).toBe('2001:db8:1:2::/64');
    expect(keyOf({}, null, '::1')).toBe('0:0:0:0::/64');
  });
});

describe('with a number of proxies', () => {
  test('the address that the outermost of them saw counts', () => {
    expect(keyOf({ proxyCount: 1 }, '6.6.6.6, 1.1.1.1', '10.0.0.1')).toBe('1.1.1.1');
    expect(keyOf({ proxyCount: 2 }, '6.6.6.6, 1.1.1.1, 10.0.0.2', '10.0.0.1')).toBe('1.1.1.1');
  });

  test('a call that came past them counts by its connection', () => {
    expect(keyOf({ proxyCount: 1 }, null, '9.9.9.9')).toBe('9.9.9.9');
    expect(keyOf({ proxyCount: 2 }, '1.1.1.1', '9.9.9.9')).toBe('9.9.9.9');
  });
});

describe('with proxies by their addresses', () => {
  const proxies = ['10.0.0.0/8', 'fd00::/8', '192.0.2.7'];
  const key = (forwarded: string | null, remote?: string) => keyOf({ proxies }, forwarded, remote);

  test('the first stranger counts, going outwards from the connection', () => {
    expect(key('1.1.1.1', '10.0.0.1')).toBe('1.1.1.1');
    expect(key('1.1.1.1, 10.2.3.4, fd12::1', '::ffff:10.0.0.1')).toBe('1.1.1.1');
    expect(key('2001:db8::5, 192.0.2.7', 'fd00::9')).toBe('2001:db8:0:0::/64');
  });

  test('a lie before the first stranger is not looked at', () => {
    expect(key('10.0.0.9', '6.6.6.6')).toBe('6.6.6.6');
    expect(key('8.8.8.8, 10.0.0.9', '6.6.6.6')).toBe('6.6.6.6');
    expect(key('8.8.8.8, 10.0.0.9, 6.6.6.6', '10.0.0.1')).toBe('6.6.6.6');
    expect(key('10.0.0.9, 10.0.0.8, 6.6.6.6', '10.0.0.1')).toBe('6.6.6.6');
    expect(key('1.1.1.1', '192.0.2.8')).toBe('192.0.2.8');
  });

  test('what is no address at all is a stranger too', () => {
    expect(key('1.1.1.1, unknown', '10.0.0.1')).toBe('unknown');
    expect(key('1.1.1.1, 10.0.0.256', '10.0.0.1')).toBe('10.0.0.256');
    expect(key(`1.1.1.1, ${'x'.repeat(500)}`, '10.0.0.1')).toHaveLength(64);
  });

  test('ports and empty places that proxies leave are passed over', () => {
    expect(key('1.1.1.1:443', '10.0.0.1')).toBe('1.1.1.1');
    expect(key('[2001:db8::5]:443, ,', '10.0.0.1')).toBe('2001:db8:0:0::/64');
  });

  test('a proxy that asks for itself counts by its own address', () => {
    expect(key(null, '10.0.0.1')).toBe('10.0.0.1');
    expect(key('10.0.0.2', '10.0.0.1')).toBe('10.0.0.2');
  });

  test('nothing is believed where the connection is not known', () => {
    expect(key('1.1.1.1')).toBeNull();
  });
});

test.each(['10.0.0.0/33', '10.0.0', 'fd00::/129', 'fd00::1::2', '10.0.0.0/8/8', '', 'localhost', '10.0.0.0/-1'])(
  '%j is refused as a proxy',
  (network) => {
    expect(() => addressReader({ proxies: [network] })).toThrow(/is no address or network/);
  },
);

test('a number of proxies and their addresses are refused together', () => {
  expect(() => addressReader({ proxyCount: 1, proxies: ['10.0.0.0/8'] })).toThrow(/not both/);
});

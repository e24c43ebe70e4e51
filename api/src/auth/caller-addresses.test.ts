import { describe, expect, it } from 'vitest'
import { CallerAddresses } from './caller-addresses.ts'

const of = (addresses: CallerAddresses, address: string, forwardedFor?: string) =>
  addresses.of({ address, forwardedFor })

describe('the address of a caller', () => {
  const behind = new CallerAddresses(['10.0.0.0/8', '192.0.2.1', 'fd00::/8', '::1'], false)

  it.each([
    ['10.1.2.3', '203.0.113.9', '203.0.113.9', 'what a trusted proxy reports'],
    ['192.0.2.1', '203.0.113.9', '203.0.113.9', 'the same, of a single address'],
    ['192.0.2.2', '203.0.113.9', '192.0.2.2', 'that of the connection, where that is no trusted proxy'],
    ['10.1.2.3', '1.1.1.1, 203.0.113.9', '203.0.113.9', 'not what the caller claims'],
    ['10.1.2.3', '1.1.1.1, 203.0.113.9, 10.9.9.9, 192.0.2.1', '203.0.113.9', 'the first before all trusted proxies'],
    ['10.1.2.3', '10.7.7.7, 10.9.9.9', '10.7.7.7', 'the first of all, where all are trusted'],
    ['10.1.2.3', '', '10.1.2.3', 'that of the proxy, which reports an empty text'],
    ['10.1.2.3', '203.0.113.9, unknown', '10.1.2.3', 'that of the proxy, which reports no address'],
    ['10.1.2.3', '203.0.113.9, 1.1.1, 10.9.9.9', '10.9.9.9', 'that of the last proxy that was reported'],
    ['10.1.2.3', '203.0.113.9:4711', '203.0.113.9', 'without its port'],
    ['10.1.2.3', '[2001:db8::9]:4711', '2001:db8::9', 'in IPv6, without its port'],
    ['10.1.2.3', '[2001:db8::9]', '2001:db8::9', 'in IPv6, without brackets'],
    ['10.1.2.3', '2001:DB8:0:0::9', '2001:db8::9', 'in IPv6, in one spelling'],
    ['fd00::7', '203.0.113.9', '203.0.113.9', 'what a trusted proxy in IPv6 reports'],
    ['::ffff:10.1.2.3', '::ffff:203.0.113.9', '203.0.113.9', 'IPv4, where IPv6 wraps it'],
    ['fe80::1%eth0', '203.0.113.9', 'fe80::1', 'without the zone'],
    ['::1', '203.0.113.9', '203.0.113.9', 'what a proxy on this machine reports'],
  ])('of %s with X-Forwarded-For: %s is %s: %s', (address, forwardedFor, expected, _what) => {
    expect(of(behind, address, forwardedFor)).toBe(expected)
  })

  it('is that of the connection where no proxy is trusted', () => {
    expect(of(new CallerAddresses([], false), '127.0.0.1', '203.0.113.9')).toBe('127.0.0.1')
  })

  it('is the last one that is reported where people use https and no proxies are named', () => {
    const proxied = new CallerAddresses([], true)
    expect(of(proxied, '127.0.0.1', '203.0.113.9, 127.0.0.1, 203.0.113.1')).toBe('203.0.113.1')
    expect(of(proxied, '127.0.0.1')).toBe('127.0.0.1')
    expect(of(new CallerAddresses(['10.0.0.1'], true), '127.0.0.1', '203.0.113.9')).toBe('127.0.0.1')
  })
})

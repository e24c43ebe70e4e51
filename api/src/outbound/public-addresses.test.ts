import { describe, expect, it } from 'vitest'
import { allowedHosts, isPublicAddress } from './public-addresses.ts'

const NOT_PUBLIC =
  `0.0.0.0 0.1.2.3 10.0.0.1 100.64.0.1 100.127.255.254 127.0.0.1 127.255.255.254 169.254.169.254 172.16.0.1
  172.31.255.255 192.0.0.1 192.0.0.170 192.0.2.1 192.88.99.1 192.168.1.1 198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.1
  224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255 168.63.129.16
  :: ::1 ::7f00:1 ::ffff:127.0.0.1 ::ffff:8.8.8.8 ::ffff:7f00:1 ::ffff:0:8.8.8.8 64:ff9b::8.8.8.8 64:ff9b::7f00:1
  64:ff9b:1::a00:1 100::1 2001::1 2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:2::1 2001:10::1 2001:20::1 2001:db8::1 2002:7f00:1::
  2002:808:808::1 3fff::1 5f00::1 fc00::1 fd12:3456::1 fe80::1 fec0::1 ff02::1 1::1 4000::1`.split(/\s+/)
const PUBLIC = '1.1.1.1 8.8.8.8 100.63.255.255 100.128.0.1 172.32.0.1 2606:4700:4700::1111 2a00:1450:4001::1'.split(' ')

describe('an address', () => {
  it.each(NOT_PUBLIC)('%s is not public', (address) => {
    expect(isPublicAddress(address)).toBe(false)
  })

  it.each(PUBLIC)('%s is public', (address) => {
    expect(isPublicAddress(address)).toBe(true)
  })

  it('that is malformed is not public', () => {
    for (const text of ['', 'localhost', '8.8.8', '8.8.8.8.8', '8.8.8.8/8']) expect(isPublicAddress(text)).toBe(false)
  })
})

describe('the allowed hosts of an operator', () => {
  const allowed = allowedHosts(['10.1.0.0/16', '127.0.0.1', 'fd00::/8', 'Hooks.Internal'])

  it('are the networks, addresses and names listed, and no others', () => {
    for (const address of ['10.1.2.3', '127.0.0.1', 'fd12::1']) expect(allowed.hasAddress(address)).toBe(true)
    for (const address of ['10.2.0.1', '127.0.0.2', 'fc00::1', '::ffff:10.1.2.3', 'Hooks.Internal']) {
      expect(allowed.hasAddress(address)).toBe(false)
    }
    expect(allowed.hasName('hooks.internal')).toBe(true)
    for (const name of ['internal', 'x.hooks.internal', '10.1.2.3']) expect(allowed.hasName(name)).toBe(false)
  })
})

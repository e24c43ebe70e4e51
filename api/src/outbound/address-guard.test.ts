import type { LookupAddress } from 'node:dns'
import { describe, expect, it } from 'vitest'
import { AddressGuard, AddressRefusedError, type Lookup } from './address-guard.ts'
import { allowedHosts } from './public-addresses.ts'

const addresses = (...list: string[]): LookupAddress[] =>
  list.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))

function guard(lookup: Lookup = () => Promise.reject(new Error('not asked')), allowed: string[] = []) {
  const made = new AddressGuard(allowedHosts(allowed), { lookup })
  return (url: string, signal = new AbortController().signal) => made.addressesOf(new URL(url), signal)
}

/** Lookups that the test ends. */
function held() {
  const running: { host: string; end: (found: LookupAddress[]) => void }[] = []
  const lookup: Lookup = (host) => new Promise((resolve) => void running.push({ host, end: resolve }))
  return { running, lookup }
}

const turns = () => new Promise((resolve) => void setImmediate(resolve))

describe('the address guard (SSRF)', () => {
  it('accepts a host whose addresses are all public', async () => {
    const found = addresses('8.8.8.8', '2606:4700:4700::1111')
    expect(await guard(() => Promise.resolve(found))('https://example.com/x')).toEqual(found)
  })

  it('refuses a host with one private address, one without an address and an unknown one, with the same error', async () => {
    const lookups: Lookup[] = [
      () => Promise.resolve(addresses('8.8.8.8', '10.0.0.1')),
      () => Promise.resolve([]),
      () => Promise.reject(new Error('ENOTFOUND')),
    ]
    const refusals = await Promise.all(
      lookups.map((lookup) => guard(lookup)('https://example.com').catch((error: unknown) => error)),
    )
    for (const refusal of refusals) expect(refusal).toBeInstanceOf(AddressRefusedError)
    expect(new Set(refusals.map(String)).size).toBe(1)
  })

  it('recognises an address in any notation, without a lookup', async () => {
    const ask = guard()
    const written = `127.0.0.1 127.1 2130706433 0x7f.1 0177.0.0.1 [::1] [::ffff:127.0.0.1] 169.254.169.254 [fe80::1] 0
      [64:ff9b::7f00:1] 127.0.0.1.`
    for (const host of written.split(/\s+/)) {
      const answer = await ask(`http://${host}/`).catch((error: unknown) => error)
      expect([host, answer]).toEqual([host, expect.any(AddressRefusedError)])
    }
    expect(await ask('http://8.8.8.8:8080/')).toEqual(addresses('8.8.8.8'))
    expect(await ask('http://[2606:4700:4700::1111]/')).toEqual(addresses('2606:4700:4700::1111'))
  })

  it('accepts what the operator allows, by name or by address', async () => {
    const ask = guard(() => Promise.resolve(addresses('10.0.0.1')), ['hooks.internal', '127.0.0.0/8'])
    expect(await ask('http://HOOKS.internal')).toEqual(addresses('10.0.0.1'))
    expect(await ask('http://127.0.0.5')).toEqual(addresses('127.0.0.5'))
    await expect(ask('http://other.internal')).rejects.toBeInstanceOf(AddressRefusedError)
  })

  it('has at most two lookups in flight; the others wait in order', async () => {
    const { running, lookup } = held()
    const ask = guard(lookup)
    const asked = ['a', 'b', 'c', 'd'].map((host) => ask(`http://${host}.example`))
    await turns()
    expect(running.map(({ host }) => host)).toEqual(['a.example', 'b.example'])
    for (let next = 0; next < asked.length; next += 1) {
      running[next]?.end(addresses('8.8.8.8'))
      await asked[next]
      await turns()
    }
    expect(running.map(({ host }) => host)).toEqual(['a.example', 'b.example', 'c.example', 'd.example'])
  })

  it('stops waiting when the signal aborts, while a lookup that hangs keeps its permit', async () => {
    const { running, lookup } = held()
    const ask = guard(lookup)
    const abort = new AbortController()
    const asked = ['a', 'b', 'c'].map((host) => ask(`http://${host}.example`, abort.signal))
    await turns()
    abort.abort()
    for (const one of asked) await expect(one).rejects.toBeInstanceOf(AddressRefusedError)
    await expect(ask('http://x.example', abort.signal)).rejects.toBeInstanceOf(AddressRefusedError)

    const later = ask('http://later.example')
    await turns()
    expect(running).toHaveLength(2)
    running[0]?.end(addresses('8.8.8.8'))
    await turns()
    expect(running.at(-1)?.host).toBe('later.example')
    running.at(-1)?.end(addresses('1.1.1.1'))
    expect(await later).toEqual(addresses('1.1.1.1'))
  })

  it('refuses when too many are waiting', async () => {
    const { running, lookup } = held()
    const ask = guard(lookup)
    const asked = Array.from({ length: 35 }, (_, n) => ask(`http://h${n}.example`).catch((error: unknown) => error))
    expect(await asked[34]).toBeInstanceOf(AddressRefusedError)
    for (let n = 0; n < 34; n += 1) {
      running[n]?.end(addresses('8.8.8.8'))
      await turns()
      expect(await asked[n]).toEqual(addresses('8.8.8.8'))
    }
  })
})

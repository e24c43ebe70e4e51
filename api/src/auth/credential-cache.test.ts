import { beforeEach, describe, expect, it } from 'vitest'
import { CredentialCache } from './credential-cache.ts'

interface Read {
  hash: string
  answer: (value: string | undefined) => void
  fail: (error: Error) => void
}

describe('cached credentials', () => {
  let nowMs: number
  let reads: Read[]
  let cache: CredentialCache<string>

  beforeEach(() => {
    nowMs = 0
    reads = []
    cache = new CredentialCache(
      { now: () => nowMs },
      (hash) => new Promise((answer, fail) => reads.push({ hash, answer, fail })),
    )
  })

  /** Lets everything proceed that can. */
  const settle = () => new Promise((resolve) => setImmediate(resolve))
  const remember = async (hash: string) => {
    const looked = cache.get(hash)
    await settle()
    reads.at(-1)?.answer(`viewer of ${hash}`)
    await looked
  }

  it('are read once a minute, no matter how many ask', async () => {
    await remember('a')
    nowMs = 59_999
    expect(await cache.get('a')).toBe('viewer of a')
    expect(reads).toHaveLength(1)
    nowMs = 60_000
    const both = [cache.get('a'), cache.get('a')]
    await settle()
    expect(reads).toHaveLength(2)
    reads[1]?.answer('changed')
    expect(await Promise.all(both)).toEqual(['changed', 'changed'])
  })

  it('count their age from the start of the read', async () => {
    const looked = cache.get('a')
    await settle()
    nowMs = 59_999
    reads[0]?.answer('viewer')
    await looked
    nowMs = 60_000
    void cache.get('a')
    await settle()
    expect(reads).toHaveLength(2)
  })

  it('are read again after a credential has ended', async () => {
    await remember('a')
    cache.clear()
    const looked = cache.get('a')
    await settle()
    reads[1]?.answer(undefined)
    expect(await looked).toBeUndefined()
  })

  it('are read again when a credential ended during the read', async () => {
    const early = cache.get('a')
    await settle()
    cache.clear()
    const late = cache.get('a')
    reads[0]?.answer('as it was before')
    await settle()
    expect(reads).toHaveLength(2)
    reads[1]?.answer(undefined)
    expect([await early, await late]).toEqual([undefined, undefined])
  })

  it('are kept only if they are valid', async () => {
    const looked = cache.get('wrong')
    await settle()
    reads[0]?.answer(undefined)
    expect(await looked).toBeUndefined()
    expect(cache.knows('wrong')).toBe(false)
    void cache.get('wrong')
    await settle()
    expect(reads).toHaveLength(2)
  })

  it('stay known when they are stale, until a read shows that they are gone', async () => {
    await remember('a')
    nowMs = 3_600_000
    cache.clear()
    expect(cache.knows('a')).toBe(true)
    const looked = cache.get('a')
    await settle()
    reads[1]?.answer(undefined)
    await looked
    expect(cache.knows('a')).toBe(false)
  })

  it('fail while the store fails, and recover with it', async () => {
    const looked = cache.get('a')
    await settle()
    reads[0]?.fail(new Error('gone'))
    await expect(looked).rejects.toThrow('gone')
    await remember('a')
    expect(await cache.get('a')).toBe('viewer of a')
  })

  it('are read in rounds: what comes during one begins together, when all of it has ended', async () => {
    const looked = ['a', 'b', 'c', 'd'].map((hash) => cache.get(hash))
    await settle()
    expect(reads.map(({ hash }) => hash)).toEqual(['a'])
    reads[0]?.fail(new Error('gone'))
    await expect(looked[0]).rejects.toThrow('gone')
    await settle()
    expect(reads.map(({ hash }) => hash)).toEqual(['a', 'b', 'c', 'd'])
    const late = cache.get('e')
    reads[1]?.answer(undefined)
    reads[2]?.answer('viewer of c')
    await settle()
    expect(reads).toHaveLength(4)
    reads[3]?.answer(undefined)
    await settle()
    expect(reads.at(-1)?.hash).toBe('e')
    reads.at(-1)?.answer('viewer of e')
    expect(await late).toBe('viewer of e')
  })

  it('that were valid before are read without waiting for unknown ones', async () => {
    await remember('known')
    cache.clear()
    for (let i = 0; i < 1000; i += 1) void cache.get(`stranger ${i}`)
    const looked = cache.get('known')
    await settle()
    expect(reads.at(-1)?.hash).toBe('known')
    reads.at(-1)?.answer('viewer of known')
    expect(await looked).toBe('viewer of known')
  })

  it('are evicted when thousands were used since (LRU)', async () => {
    await remember('first')
    await remember('second')
    for (let i = 0; i < 1998; i += 1) await remember(`other ${i}`)
    expect(await cache.get('first')).toBe('viewer of first')
    await remember('newest')
    expect([cache.knows('first'), cache.knows('second')]).toEqual([true, false])
  })
})

import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { profileFor } from './traffic-profile.ts'
import type { Archetype } from './traffic-profile.ts'

const createdAtMs = Date.UTC(2026, 0, 1)
const ids = Array.from({ length: 2_000 }, (_, at) => createHash('sha256').update(`${at}`).digest('hex').slice(0, 32))
const profiles = ids.map((id) => profileFor({ id, createdAtMs }))
const of = (archetype: Archetype): typeof profiles => profiles.filter((profile) => profile.archetype === archetype)

describe('the profile of a deployment', () => {
  it('is the same whenever it is asked for, and moves with the start alone', () => {
    for (const id of ids.slice(0, 100)) {
      expect(profileFor({ id, createdAtMs })).toEqual(profileFor({ id, createdAtMs }))
      const later = profileFor({ id, createdAtMs: createdAtMs + 5 })
      expect(later).toEqual({ ...profileFor({ id, createdAtMs }), startedAtMs: createdAtMs + 5 })
    }
  })

  it('differs between deployments, and every kind of model occurs', () => {
    expect(new Set(profiles.map((profile) => profile.latencyP50Ms)).size).toBe(2_000)
    const kinds: Archetype[] = ['CHAT', 'ASSISTANT', 'EMBEDDING', 'VISION', 'SPEECH', 'INTERNAL']
    expect(Math.min(...kinds.map((kind) => of(kind).length))).toBeGreaterThan(100)
  })

  it('has the latency and the tokens of its kind', () => {
    const range = (archetype: Archetype): [number, number] => {
      const latencies = of(archetype).map((profile) => profile.latencyP50Ms)
      return [Math.min(...latencies), Math.max(...latencies)]
    }
    const bounds: [Archetype, number, number][] = [
      ['CHAT', 600, 2_000],
      ['ASSISTANT', 150, 400],
      ['EMBEDDING', 15, 40],
      ['VISION', 30, 90],
    ]
    for (const [archetype, low, high] of bounds) {
      const [least, most] = range(archetype)
      expect(least).toBeGreaterThanOrEqual(low)
      expect(most).toBeLessThanOrEqual(high)
    }
    const withoutTokens = [...of('VISION'), ...of('SPEECH')]
    expect(withoutTokens.every((p) => p.promptTokens === null && p.generatedTokens === null)).toBe(true)
    expect(of('EMBEDDING').every((p) => p.promptTokens !== null && p.generatedTokens === null)).toBe(true)
    expect(of('CHAT').every((p) => p.promptTokens !== null && p.generatedTokens !== null)).toBe(true)
  })

  it('has mostly 5 to 80 requests a second, at times several times that, idle spells where traffic is little', () => {
    const steady = profiles.filter((profile) => profile.archetype !== 'INTERNAL')
    const usual = steady.filter((profile) => profile.requestsPerSecond >= 5 && profile.requestsPerSecond <= 80)
    expect(usual.length / steady.length).toBeGreaterThan(0.9)
    expect(Math.max(...steady.map((profile) => profile.requestsPerSecond))).toBeGreaterThan(150)
    expect(Math.max(...steady.map((profile) => profile.requestsPerSecond))).toBeLessThan(400)
    expect(steady.every((profile) => profile.idleShare === 0)).toBe(true)
    expect(of('INTERNAL').every((profile) => profile.idleShare > 0 && profile.requestsPerSecond <= 2)).toBe(true)
  })
})

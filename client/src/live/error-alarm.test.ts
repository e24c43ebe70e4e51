import { describe, expect, it } from 'vitest'
import { ErrorAlarm } from './error-alarm.ts'
import { eachFigure, type Sample } from './sample.ts'

function minute(endSecond: number, errorRate: number | null, requests: number | null = 1000): Sample {
  return { ...eachFigure(() => 1), at: (endSecond - 60) * 1000, windowMs: 60_000, errorRate, requests }
}

function levels(samples: readonly Sample[]): string[] {
  const alarm = new ErrorAlarm()
  return samples.map((sample) => {
    alarm.add(sample)
    return alarm.level
  })
}

describe('the alarm of an error rate', () => {
  it('rises at once, and falls only after half a minute below', () => {
    expect(levels([minute(60, 0.002), minute(61, 0.02), minute(62, 0.08)])).toEqual(['none', 'raised', 'high'])
    expect(levels([minute(60, 0.02), minute(61, 0.002), minute(89, 0.002), minute(90, 0.002)])).toEqual([
      'raised',
      'raised',
      'raised',
      'none',
    ])
    expect(levels([minute(60, 0.08), minute(89, 0.02), minute(90, 0.02)])).toEqual(['high', 'high', 'raised'])
  })

  it('is not raised by one or two requests, however large their share is', () => {
    expect(levels([minute(60, 0.5, 4), minute(61, 0.5, 6)])).toEqual(['none', 'high'])
  })

  it('is raised by a rate of an unknown number of requests, and not by an unknown rate', () => {
    expect(levels([minute(60, 0.02, null)])).toEqual(['raised'])
    expect(levels([minute(60, null)])).toEqual(['none'])
  })

  it('says since when there has been one', () => {
    const alarm = new ErrorAlarm()
    for (const sample of [minute(60, 0), minute(70, 0.02), minute(80, 0.08), minute(99, 0)]) alarm.add(sample)
    expect(alarm.sinceMs).toBe(70_000)
  })
})

import { Random, derive } from './random.ts'
import type { Seed } from './random.ts'
import type { TrafficProfile } from './traffic-profile.ts'

/**
 * What a deployment goes through, as functions of time and nothing else: the daily curve, the ramp, and episodes
 * (bursts, idle spells, slow spells, errors), each found by dividing time into slots and drawing one slot's fate from
 * its number. The answer for a moment is always the same, without a walk from the start.
 */

const DAY_MS = 86_400_000

/** Traffic at the start of the ramp, as a share of what it comes to. */
const RAMP_FROM = 0.2
/** Idle spells keep away from a new deployment's first minutes, when somebody is looking. */
const BUSY_AT_FIRST_MS = 600_000

/** An episode that a slot of time may hold. It begins and ends inside its slot. */
interface EpisodeKind {
  /** Separates the kinds in the random numbers. */
  stream: number
  slotMs: number
  /** Share of the slots that hold one. */
  share: number
  minMs: number
  maxMs: number
  /** How strong it is at its height. */
  minStrength: number
  maxStrength: number
}

const SLOW: EpisodeKind = {
  stream: 11,
  slotMs: 420_000,
  share: 0.4,
  minMs: 30_000,
  maxMs: 150_000,
  minStrength: 0.5,
  maxStrength: 2.5,
}
const ERRORS: EpisodeKind = {
  stream: 12,
  slotMs: 600_000,
  share: 0.35,
  minMs: 15_000,
  maxMs: 100_000,
  minStrength: 0.04,
  maxStrength: 0.45,
}
const BURSTS = { stream: 13, slotMs: 60_000, minMs: 8_000, maxMs: 40_000, minStrength: 0.3 }
const IDLE = { stream: 14, slotMs: 45_000 }
const IN_FLIGHT = { stream: 15, slotMs: 1_000 }
const WAITING = { stream: 16, slotMs: 1_000 }
const CACHE_STREAM = 17

/** The mean share of its latency that a request waits: of one that nothing slows down, and how much of what slows it. */
const QUEUE_SHARE = 0.02
const QUEUE_SHARE_OF_SLOWNESS = 0.6

/** How many times the usual number of requests fit into the cache of a model, whose free part shrinks by e with each such number. */
const CACHE_FITS = [1.2, 3] as const

/** Requests that arrive per second at a moment: daily curve × ramp × burst. 0 before the start and in idle spells. */
export function requestsPerSecondAt(seed: Seed, profile: TrafficProfile, timeMs: number): number {
  if (timeMs < profile.startedAtMs || isIdleAt(seed, profile, timeMs)) return 0
  const burst = strengthAt(seed, burstsOf(profile), timeMs)
  return profile.requestsPerSecond * dailyFactorAt(profile, timeMs) * rampFactorAt(profile, timeMs) * (1 + burst)
}

/** How many times longer requests take at a moment: 1 outside of slow spells, up to 3.5 in them. */
export function slownessAt(seed: Seed, timeMs: number): number {
  return 1 + strengthAt(seed, SLOW, timeMs)
}

/** The probability that a request fails at a moment. */
export function errorRateAt(seed: Seed, profile: TrafficProfile, timeMs: number): number {
  return Math.min(1, profile.errorRate + strengthAt(seed, ERRORS, timeMs))
}

/** `1 + swing × cos(2π (t - peak) / day)`: 1 on the mean of a day. */
export function dailyFactorAt(profile: TrafficProfile, timeMs: number): number {
  return 1 + profile.dailySwing * Math.cos((2 * Math.PI * (timeMs - profile.dailyPeakMs)) / DAY_MS)
}

/** From 0.2 at the start to 1 at the end of the ramp and ever after, as `3x² - 2x³`: without a kink at either end. */
export function rampFactorAt(profile: TrafficProfile, timeMs: number): number {
  const x = Math.min(1, Math.max(0, (timeMs - profile.startedAtMs) / profile.rampMs))
  return Number.isNaN(x) ? 1 : RAMP_FROM + (1 - RAMP_FROM) * x * x * (3 - 2 * x)
}

/**
 * Requests in flight at a moment, by Little's law: on average L = λ W, arrivals per second times mean seconds a
 * request takes (J. D. C. Little, "A Proof for the Queuing Formula: L = λW", 1961). The mean of a log-normal is its
 * median × exp(σ² / 2). About L it varies as a Poisson count does, by sqrt(L), and smoothly in time: asked for
 * windows of 10 ms it does not flicker.
 */
export function inFlightAt(seed: Seed, profile: TrafficProfile, timeMs: number): number {
  const meanSeconds =
    (profile.latencyP50Ms * slownessAt(seed, timeMs) * Math.exp(profile.latencySigma ** 2 / 2)) / 1_000
  const mean = requestsPerSecondAt(seed, profile, timeMs) * meanSeconds
  return mean === 0 ? 0 : Math.max(0, Math.round(mean + Math.sqrt(mean) * smoothNoiseAt(seed, IN_FLIGHT, timeMs)))
}

/** How much of what requests take is due to load: 0 outside of slow spells, up to 0.71 in them. */
export function overloadAt(seed: Seed, timeMs: number): number {
  return 1 - 1 / slownessAt(seed, timeMs)
}

/** The mean share of its latency that a request waits before a language model works on it: 0.02 to 0.45. */
export function queueShareAt(seed: Seed, timeMs: number): number {
  return QUEUE_SHARE + QUEUE_SHARE_OF_SLOWNESS * overloadAt(seed, timeMs)
}

/** How many of the requests in flight wait: by Little's law, as many as the share of its latency that each of them waits. */
export function waitingAt(seed: Seed, timeMs: number, inFlight: number): number {
  const mean = inFlight * queueShareAt(seed, timeMs)
  if (mean === 0) return 0
  const drawn = Math.round(mean + Math.sqrt(mean) * smoothNoiseAt(seed, WAITING, timeMs))
  return Math.min(inFlight, Math.max(0, drawn))
}

/** How much of its cache a language model uses for that many requests: more with each, and never all of it. */
export function cacheUsageAt(seed: Seed, profile: TrafficProfile, running: number): number {
  const { requestsPerSecond, latencyP50Ms, latencySigma } = profile
  const usual = (requestsPerSecond * latencyP50Ms * Math.exp(latencySigma ** 2 / 2)) / 1_000
  const fits = new Random(derive(seed, CACHE_STREAM)).between(...CACHE_FITS) * (1 + usual)
  return Math.round(10_000 * (1 - Math.exp(-running / fits))) / 10_000
}

/** Whether no requests come: whole slots of time, for profiles that have an idle share. */
export function isIdleAt(seed: Seed, profile: TrafficProfile, timeMs: number): boolean {
  if (profile.idleShare === 0 || timeMs < profile.startedAtMs + BUSY_AT_FIRST_MS) return false
  return slotRandom(seed, IDLE.stream, Math.floor(timeMs / IDLE.slotMs)).uniform() < profile.idleShare
}

function burstsOf(profile: TrafficProfile): EpisodeKind {
  return { ...BURSTS, share: profile.burstShare, maxStrength: Math.max(0, profile.burstFactor - 1) }
}

/** How strong the episode of a kind is at a moment; 0 outside. It swells and fades as sin² does. */
function strengthAt(seed: Seed, kind: EpisodeKind, timeMs: number): number {
  const slot = Math.floor(timeMs / kind.slotMs)
  const random = slotRandom(seed, kind.stream, slot)
  if (random.uniform() >= kind.share) return 0
  const durationMs = random.between(kind.minMs, kind.maxMs)
  const beginsMs = slot * kind.slotMs + random.between(0, kind.slotMs - durationMs)
  const x = (timeMs - beginsMs) / durationMs
  if (x <= 0 || x >= 1) return 0
  return random.between(Math.min(kind.minStrength, kind.maxStrength), kind.maxStrength) * Math.sin(Math.PI * x) ** 2
}

/**
 * A Gaussian process: one independent draw each second, and weighted means of two, of variance 1 again, between them.
 */
function smoothNoiseAt(seed: Seed, { stream, slotMs }: { stream: number; slotMs: number }, timeMs: number): number {
  const slot = Math.floor(timeMs / slotMs)
  const x = timeMs / slotMs - slot
  const before = slotRandom(seed, stream, slot).gaussian()
  const after = slotRandom(seed, stream, slot + 1).gaussian()
  return ((1 - x) * before + x * after) / Math.hypot(1 - x, x)
}

function slotRandom(seed: Seed, stream: number, slot: number): Random {
  return new Random(derive(derive(seed, stream), slot))
}

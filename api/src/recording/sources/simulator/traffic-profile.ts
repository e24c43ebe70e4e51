import type { MeasuredDeployment } from '../source.ts'
import { Random, derive, seedOf } from './random.ts'

/** What kind of model a simulated deployment serves. */
export type Archetype = 'CHAT' | 'ASSISTANT' | 'EMBEDDING' | 'VISION' | 'SPEECH' | 'INTERNAL'

/** Tokens of one request: log-normal. */
export interface TokenProfile {
  median: number
  sigma: number
}

/** How traffic comes to a simulated deployment and how it is served. All of it is fixed for the deployment's life. */
export interface TrafficProfile {
  archetype: Archetype
  /** When traffic begins, milliseconds since the epoch; before that there is none. */
  startedAtMs: number
  /** How long it takes from there until traffic is whole. */
  rampMs: number
  /** Requests a second, the mean over a day without bursts. */
  requestsPerSecond: number
  /** How far the daily curve departs from that mean: 0 is flat, 1 goes from nothing to twice the mean. */
  dailySwing: number
  /** The time of day with most traffic, milliseconds after midnight UTC. */
  dailyPeakMs: number
  /** Share of the time slots (see `traffic.ts`) with a burst of requests, and how high the highest gets. */
  burstShare: number
  burstFactor: number
  /** Share of the time slots without any traffic; 0 for models in steady use. */
  idleShare: number
  /** Latency of one request is log-normal: its median, and the standard deviation of its logarithm. */
  latencyP50Ms: number
  latencySigma: number
  /** Share of requests that fail outside of error episodes. */
  errorRate: number
  /** Null for models that take, or make, no tokens. */
  promptTokens: TokenProfile | null
  generatedTokens: TokenProfile | null
}

type Range = readonly [low: number, high: number]

interface ArchetypeRanges {
  /** How often the archetype occurs, relative to the others. */
  weight: number
  requestsPerSecond: Range
  latencyP50Ms: Range
  latencySigma: Range
  promptTokens: Range | null
  generatedTokens: Range | null
  idleShare: Range
}

const STEADY: Range = [0, 0]

const ARCHETYPES: Record<Archetype, ArchetypeRanges> = {
  // A large language model people talk to.
  CHAT: {
    weight: 6,
    requestsPerSecond: [6, 30],
    latencyP50Ms: [600, 2_000],
    latencySigma: [0.4, 0.6],
    promptTokens: [300, 1_200],
    generatedTokens: [80, 260],
    idleShare: STEADY,
  },
  // A small language model inside a product: completions, rewriting, routing.
  ASSISTANT: {
    weight: 6,
    requestsPerSecond: [10, 60],
    latencyP50Ms: [150, 400],
    latencySigma: [0.35, 0.55],
    promptTokens: [120, 600],
    generatedTokens: [12, 60],
    idleShare: STEADY,
  },
  EMBEDDING: {
    weight: 4,
    requestsPerSecond: [30, 80],
    latencyP50Ms: [15, 40],
    latencySigma: [0.25, 0.45],
    promptTokens: [60, 320],
    generatedTokens: null,
    idleShare: STEADY,
  },
  VISION: {
    weight: 4,
    requestsPerSecond: [15, 70],
    latencyP50Ms: [30, 90],
    latencySigma: [0.2, 0.4],
    promptTokens: null,
    generatedTokens: null,
    idleShare: STEADY,
  },
  SPEECH: {
    weight: 3,
    requestsPerSecond: [5, 15],
    latencyP50Ms: [300, 900],
    latencySigma: [0.45, 0.65],
    promptTokens: null,
    generatedTokens: null,
    idleShare: STEADY,
  },
  // A model only colleagues use: little traffic, at times none.
  INTERNAL: {
    weight: 2,
    requestsPerSecond: [0.5, 2],
    latencyP50Ms: [80, 700],
    latencySigma: [0.35, 0.6],
    promptTokens: [200, 900],
    generatedTokens: [20, 150],
    idleShare: [0.2, 0.5],
  },
}

/** One in so many deployments has three to five times the traffic of its kind. */
const ONE_BUSY_IN = 20
const HOUR_MS = 3_600_000

/** The end of an id that says how many requests come in a second: no random one has it. */
const STATED_REQUESTS = /feed(\d{8})$/

/** The profile of a deployment, from its id alone but for the start: deployments differ, and each stays what it is. */
export function profileFor(deployment: MeasuredDeployment): TrafficProfile {
  const profile = drawnProfile(deployment)
  const [, stated] = STATED_REQUESTS.exec(deployment.id) ?? []
  return stated === undefined ? profile : { ...profile, requestsPerSecond: Number(stated), idleShare: 0 }
}

function drawnProfile(deployment: MeasuredDeployment): TrafficProfile {
  const random = new Random(derive(seedOf(deployment.id), 0))
  const archetype = pickArchetype(random)
  const ranges = ARCHETYPES[archetype]
  const within = ([low, high]: Range): number => random.between(low, high)
  const tokens = (median: Range | null, sigma: Range): TokenProfile | null =>
    median === null ? null : { median: within(median), sigma: within(sigma) }
  const busier = random.uniform() < 1 / ONE_BUSY_IN && archetype !== 'INTERNAL' ? random.between(3, 5) : 1
  return {
    archetype,
    startedAtMs: deployment.createdAtMs,
    rampMs: random.between(45_000, 120_000),
    requestsPerSecond: busier * within(ranges.requestsPerSecond),
    dailySwing: random.between(0.25, 0.6),
    dailyPeakMs: random.between(11 * HOUR_MS, 19 * HOUR_MS),
    burstShare: random.between(0.1, 0.25),
    burstFactor: random.between(1.6, 3),
    idleShare: within(ranges.idleShare),
    latencyP50Ms: within(ranges.latencyP50Ms),
    latencySigma: within(ranges.latencySigma),
    errorRate: random.between(0, 0.000_5),
    promptTokens: tokens(ranges.promptTokens, [0.5, 0.9]),
    generatedTokens: tokens(ranges.generatedTokens, [0.4, 0.8]),
  }
}

function pickArchetype(random: Random): Archetype {
  const kinds = Object.entries(ARCHETYPES) as [Archetype, ArchetypeRanges][]
  let rest = random.uniform() * kinds.reduce((sum, [, { weight }]) => sum + weight, 0)
  for (const [archetype, { weight }] of kinds) {
    rest -= weight
    if (rest < 0) return archetype
  }
  return 'CHAT'
}

import type { DistributionName } from '../../../metrics/window-metrics.ts'

export type ModelServer =
  | 'VLLM'
  | 'SGLANG'
  | 'TGI'
  | 'TRITON'
  | 'DYNAMO'
  | 'NIM'
  | 'LITELLM'
  | 'RAY_SERVE'
  | 'BENTOML'
  | 'KSERVE'
  | 'TORCHSERVE'
  | 'LLAMA_CPP'
  | 'OPEN_TELEMETRY'

export type CounterName = 'requests' | 'errors' | 'promptTokens' | 'generatedTokens'
export type GaugeName = 'inFlight' | 'waiting' | 'kvCacheUsage'
/** What a model server may tell, and a family may be mapped to. */
export type FigureName = CounterName | GaugeName | DistributionName

/** One way in which a server exposes a figure. */
export interface FamilyRule {
  /** The name of the family, without `_total`, `_bucket`, `_sum` and `_count`; also what OTLP calls it. */
  family: string
  /** What one of its units is, of a time in milliseconds, of a share as a part of 1; default 1. */
  scale?: number
  /** What of a histogram or summary is taken; default: all of a histogram, the value of anything else. */
  part?: 'count' | 'sum'
  /** Only series that have one of these values of a label. */
  where?: Readonly<Record<string, readonly string[]>>
  /** Not those that have one of these. */
  whereNot?: Readonly<Record<string, readonly string[]>>
  /** Of errors: the label that holds the reason. */
  reason?: string
  /** A gauge that repeats for each value of this label, and is taken once. */
  repeatedBy?: string
}

/** How the metrics of one kind of model server are read: data, one file for each. */
export interface ServerMapping {
  server: ModelServer
  /** As its makers write it. */
  title: string
  /** It is this server when one of these families is there. */
  knownBy: readonly string[]
  /** Labels that tell models apart, where one server has several. */
  modelLabels: readonly string[]
  /**
   * The rules of each figure: of a group the first whose family is there counts (names differ by version), and the groups
   * add up.
   */
  figures: Readonly<Partial<Record<FigureName, readonly (readonly FamilyRule[])[]>>>
  /** What nobody can know from this server, each as a sentence. */
  unknown: readonly string[]
}

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
  /**
   * Only series that have one of these values of a label; `5*` is each that begins with a 5, and a label that is absent
   * has the value ''. A family without any of these labels is read by the next rule of its group.
   */
  where?: Readonly<Record<string, readonly string[]>>
  /** Not those that have one of these: `['']` leaves those that have the label. */
  whereNot?: Readonly<Record<string, readonly string[]>>
  /** Of errors: the label that holds the reason. */
  reason?: string
  /** Series that differ in these labels alone say the same: the one with the lowest values is taken. */
  repeatedBy?: readonly string[]
  /** Of a sum of times alone: the family that counts what is in it, with the same labels. */
  countedBy?: string
}

/** How the metrics of one kind of model server are read: data, one file for each. */
export interface ServerMapping {
  server: ModelServer
  /** As its makers write it. */
  title: string
  /** It is this server when one of these families is there; of several servers the first in `MODEL_SERVERS`. */
  knownBy: readonly string[]
  /** It is also this server when one of these is there, and no other server is known. */
  elseKnownBy?: readonly string[]
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

import { BENTOML } from './bentoml.ts'
import { DYNAMO } from './dynamo.ts'
import { KSERVE } from './kserve.ts'
import { LITELLM } from './litellm.ts'
import { LLAMA_CPP } from './llama-cpp.ts'
import type { ModelServer, ServerMapping } from './mapping.ts'
import { NIM } from './nim.ts'
import { OPEN_TELEMETRY } from './open-telemetry.ts'
import { RAY_SERVE } from './ray-serve.ts'
import { SGLANG } from './sglang.ts'
import { TGI } from './tgi.ts'
import { TORCHSERVE } from './torchserve.ts'
import { TRITON } from './triton.ts'
import { VLLM } from './vllm.ts'

/**
 * In the order in which they are looked for, where one exposition has the families of several: what stands before an
 * engine and counts for its callers comes first, then engines, then what only wraps one of them, and last what is told by
 * names that anything may have.
 */
export const MODEL_SERVERS: readonly ServerMapping[] = [
  RAY_SERVE,
  DYNAMO,
  LITELLM,
  SGLANG,
  VLLM,
  TGI,
  TRITON,
  LLAMA_CPP,
  TORCHSERVE,
  BENTOML,
  NIM,
  KSERVE,
  OPEN_TELEMETRY,
]

export function mappingOf(server: ModelServer): ServerMapping {
  const mapping = MODEL_SERVERS.find((of) => of.server === server)
  if (mapping === undefined) throw new RangeError(`There is no mapping of ${server}.`)
  return mapping
}

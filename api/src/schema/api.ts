import type { Services } from '../deps.ts'
import type { GraphQLOptions } from '../engine/graphql-engine.ts'
import { operationCost, runningCost } from '../engine/operation-cost.ts'
import { useWellFormedStrings } from '../engine/well-formed-strings.ts'
import { createContext } from '../graphql/context.ts'
import { schema } from './schema.ts'

/** What the engine executes: the schema, over these services. */
export function createApi(services: Services): GraphQLOptions {
  return {
    schema,
    createContext: (viewer, requestId) => createContext(services, viewer, requestId),
    costOf: operationCost,
    runningCostOf: (args) => runningCost(args, services.activeDeployments.size),
    plugins: [useWellFormedStrings()],
  }
}

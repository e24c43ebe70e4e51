import type { Services } from '../deps.ts'
import type { GraphQLOptions } from '../engine/graphql-engine.ts'
import { operationCost, runningCost } from '../engine/operation-cost.ts'
import { createContext } from '../graphql/context.ts'
import { createPageLanes } from '../graphql/pages-plugin.ts'
import { schema } from './schema.ts'

/** What the engine executes: the schema, over these services. */
export function createApi(services: Services): GraphQLOptions {
  const pages = createPageLanes()
  const facts = () => ({ nowMs: services.serverInfo.clock.now(), activeDeployments: services.activeDeployments.size })
  return {
    schema,
    createContext: (viewer, requestId, lane) => createContext(services, pages, viewer, requestId, lane),
    costOf: (args) => operationCost(args, facts()),
    runningCostOf: (args) => runningCost(args, facts()),
  }
}

import type { ExecutionArgs, ExecutionResult } from 'graphql'
import { parseWithinLimits } from './document-limits.ts'
import { limitError } from './limit-error.ts'
import type { CostOf } from './operation-cost.ts'
import type { Viewer } from '../base/viewer.ts'
import { CHARACTERS_PER_POINT, MAX_COST, TOKENS_PER_POINT } from '../base/limits.ts'
import type { Budgets } from './budgets.ts'
import type { OperationContext, OperationPlugin } from './operation-plugin.ts'

/**
 * Applies the limits on documents where they are parsed, over every transport. A cached document costs nothing more.
 */
export function useLimits(budgets: Budgets): OperationPlugin {
  return {
    onParse({ context, setParseFn }) {
      setParseFn((source: string) => {
        const spend = (points: number) => budgets.spend('operations', viewerOf(context), Math.ceil(points))
        spend(source.length / CHARACTERS_PER_POINT)
        return parseWithinLimits(source, (tokens) => spend(tokens / TOKENS_PER_POINT))
      })
    },
  }
}

/**
 * Refuses operations that cost too much, and callers whose budget is spent. The answer to a query or mutation says in
 * `extensions.cost` what it cost and what remains; subscriptions spend from a separate budget.
 */
export function useCosts(budgets: Budgets, costOf?: CostOf): OperationPlugin {
  function admit(args: ExecutionArgs, kind: 'operations' | 'subscriptions'): number {
    const viewer = viewerOf(args.contextValue)
    const requested = costOf?.(args) ?? 1
    if (requested > MAX_COST) throw limitError('cost', MAX_COST, requested)
    budgets.spend(kind, viewer, kind === 'operations' ? requested : 1)
    return requested
  }
  return {
    onExecute({ args }) {
      const requested = admit(args, 'operations')
      if (costOf === undefined) return undefined
      return {
        onExecuteDone({ result, setResult }) {
          if (Symbol.asyncIterator in result) return
          const viewer = viewerOf(args.contextValue)
          const { remaining } = budgets.state('operations', viewer)
          setResult(withCost(result, { requested, limit: MAX_COST, remaining }))
        },
      }
    },
    onSubscribe({ args }) {
      admit(args, 'subscriptions')
    },
  }
}

/** Envelop's types do not include the context that every operation starts with. */
function viewerOf(context: unknown): Viewer {
  return (context as OperationContext).viewer
}

function withCost(result: ExecutionResult, cost: object): ExecutionResult {
  return { ...result, extensions: { ...result.extensions, cost } }
}

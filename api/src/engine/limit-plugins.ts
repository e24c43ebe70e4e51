import { parseWithinLimits } from './document-limits.ts'
import type { Viewer } from '../base/viewer.ts'
import { CHARACTERS_PER_POINT, TOKENS_PER_POINT } from '../base/limits.ts'
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

/** Envelop's types do not include the context that every operation starts with. */
function viewerOf(context: unknown): Viewer {
  return (context as OperationContext).viewer
}

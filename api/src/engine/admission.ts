import type { ExecutionArgs } from 'graphql'
import { MAX_COST } from '../base/limits.ts'
import type { Viewer } from '../base/viewer.ts'
import type { Budgets } from './budgets.ts'
import { limitError } from './limit-error.ts'
import type { CostOf } from './operation-cost.ts'
import { checkValues } from './well-formed-values.ts'

/** What every operation must pass before it runs, over every transport: its strings, its cost, its caller's budget. */
export class Admission {
  readonly #budgets: Budgets
  readonly #costOf: CostOf | undefined

  /** @param costOf when left out, an operation costs 1 and its answer does not say so */
  constructor(budgets: Budgets, costOf: CostOf | undefined) {
    this.#budgets = budgets
    this.#costOf = costOf
  }

  /**
   * Charges a query or mutation for its cost, and gives it.
   * @throws RefusedError
   */
  admit(args: ExecutionArgs, viewer: Viewer): number {
    const cost = this.#checked(args)
    this.#budgets.spend('operations', viewer, cost)
    return cost
  }

  /**
   * Charges a new subscription: 1, from a budget of its own.
   * @throws RefusedError
   */
  admitSubscription(args: ExecutionArgs, viewer: Viewer): void {
    this.#checked(args)
    this.#budgets.spend('subscriptions', viewer, 1)
  }

  /** What the answer to an executed operation says of its cost, and of what remains to its caller. */
  extensions(cost: number, viewer: Viewer): { cost: object } | undefined {
    if (this.#costOf === undefined) return undefined
    const { remaining } = this.#budgets.state('operations', viewer)
    return { cost: { requested: cost, limit: MAX_COST, remaining } }
  }

  #checked(args: ExecutionArgs): number {
    // First, because variables must not be nested too deeply for what reads them.
    checkValues(args)
    const cost = this.#costOf?.(args) ?? 1
    if (cost > MAX_COST) throw limitError('cost', MAX_COST, cost)
    return cost
  }
}

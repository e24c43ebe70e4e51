import type { Plugin } from 'graphql-yoga'
import type { Viewer } from '../base/viewer.ts'

/** What every operation starts from, whatever brought it. */
export interface OperationContext extends Record<string, unknown> {
  viewer: Viewer
  requestId: string
}

/** A plugin that may read who acts, from the server context or the context value. */
export type OperationPlugin = Plugin<object, OperationContext>

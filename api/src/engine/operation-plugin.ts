import type { Plugin } from 'graphql-yoga'
import type { Viewer } from '../base/viewer.ts'

/** The context that every operation starts with, over every transport. */
export interface OperationContext extends Record<string, unknown> {
  viewer: Viewer
  requestId: string
  /** The id of the last event that the client of an event stream was given: where its subscription resumes. */
  lastEventId?: string | undefined
}

/** A plugin that can read the viewer from the server context or the context value. */
export type OperationPlugin = Plugin<object, OperationContext>

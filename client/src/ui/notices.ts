import type { ReactNode } from 'react'
import { createStore } from './external-store.ts'

export interface Notice {
  title: string
  body: ReactNode
  problem: boolean
}

/** What is to be shown and has not been handed to the toaster yet. */
export const notices = createStore<readonly Notice[]>([])

/** Names what happened, for a few seconds, to eye and screen reader. `body` may hold a link to the thing. */
export function notify(title: string, body?: ReactNode): void {
  notices.set([...notices.get(), { title, body, problem: false }])
}

/** The same for what went wrong where there is no place beside its cause; it stays until it is dismissed. */
export function notifyProblem(title: string, body?: ReactNode): void {
  notices.set([...notices.get(), { title, body, problem: true }])
}

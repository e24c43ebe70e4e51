import type { ReactNode } from 'react'
import { createStore } from './external-store.ts'

export interface Notice {
  title: string
  body: ReactNode
  problem: boolean
}

/** The notices that the toaster has not picked up yet. */
export const notices = createStore<readonly Notice[]>([])

/** Says for a few seconds what happened, on the screen and to screen readers. `body` may contain a link. */
export function notify(title: string, body?: ReactNode): void {
  notices.set([...notices.get(), { title, body, problem: false }])
}

/** The same for an error that cannot be shown next to its cause. It stays until it is dismissed. */
export function notifyProblem(title: string, body?: ReactNode): void {
  notices.set([...notices.get(), { title, body, problem: true }])
}

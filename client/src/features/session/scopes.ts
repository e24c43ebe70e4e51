import { useStore } from '../../ui/external-store.ts'
import { session } from './session.ts'

export const SCOPES = ['READ', 'DEPLOY', 'TRAIN', 'ADMIN'] as const
export type Scope = (typeof SCOPES)[number]

/** What each scope lets one do, for people who give them away. */
export const SCOPE_WORDS: Record<Scope, string> = {
  READ: 'See models, training jobs, deployments and their metrics.',
  DEPLOY: 'Deploy, pause, resume and delete deployments.',
  TRAIN: 'Register, start, update, cancel and delete training jobs.',
  ADMIN: 'Manage access: make and revoke tokens.',
}

/** Why a button is off for somebody who lacks its scope. */
export const NOT_ALLOWED = 'Not allowed for your token'

/** Whether whoever is signed in may do what needs this scope. The server has the last word. */
export function useMay(scope: Scope): boolean {
  return useStore(session)?.scopes.includes(scope) ?? false
}

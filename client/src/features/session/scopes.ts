import { useStore } from '../../ui/external-store.ts'
import { session } from './session.ts'

export const SCOPES = ['READ', 'DEPLOY', 'TRAIN', 'ADMIN', 'REPORT'] as const
export type Scope = (typeof SCOPES)[number]

/** What each scope allows, for people who grant them. */
export const SCOPE_WORDS: Record<Scope, string> = {
  READ: 'View models, training jobs, deployments and their metrics.',
  DEPLOY: 'Deploy, pause, resume and delete deployments.',
  TRAIN: 'Register, start, update, cancel and delete training jobs.',
  ADMIN: 'Manage access: create and revoke tokens.',
  REPORT: 'Report what deployments have served.',
}

/** Why a button is disabled for somebody without its scope. */
export const NOT_ALLOWED = 'Not allowed for your token'

/** Whether the signed-in person has this scope. The server checks again and decides. */
export function useMay(scope: Scope): boolean {
  return useStore(session)?.scopes.includes(scope) ?? false
}

import { serverPath } from '../../base-path.ts'
import { notifyProblem } from '../../ui/notices.ts'
import { ServerUnreachableError, signOut } from './session.ts'

/** Signs out and reloads the sign-in page, so that nothing of the session stays in memory. */
export async function leaveSession(): Promise<void> {
  try {
    await signOut()
    location.replace(serverPath('/sign-in'))
  } catch (error) {
    if (!(error instanceof ServerUnreachableError)) throw error
    notifyProblem('You are still signed in', 'The server does not respond, so the session could not be ended.')
  }
}

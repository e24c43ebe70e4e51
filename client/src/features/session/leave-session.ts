import { notifyProblem } from '../../ui/notices.ts'
import { ServerUnreachableError, signOut } from './session.ts'

/** Signs out and loads the sign-in page anew, so that nothing of the session stays in memory. */
export async function leaveSession(): Promise<void> {
  try {
    await signOut()
    location.replace('/sign-in')
  } catch (error) {
    if (!(error instanceof ServerUnreachableError)) throw error
    notifyProblem('Still signed in', 'The server does not answer, so the session could not be ended.')
  }
}

import { serverPath } from '../base-path.ts'

const ANSWER_WITHIN_MS = 5_000

/** Whether the server answers plain HTTP right now. A proxy in front of it may answer in its place with a 5xx. */
export async function reachable(): Promise<boolean> {
  try {
    const response = await fetch(serverPath('/session'), {
      cache: 'no-store',
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    })
    return response.status < 500
  } catch {
    return false
  }
}

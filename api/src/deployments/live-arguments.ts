import { RefusedError } from '../base/errors.ts'

const OVERS = [1, 10, 60, 300]
const RESOLUTIONS = [1, 2, 5, 10, 15, 30, 60]

export const OVER =
  'The seconds to look back over, 1, 10, 60 or 300: the metrics are those of all samples that end within them, merged. One that is shorter than the own windows of a deployment gives its newest window.'
export const RESOLUTION =
  'The length of the windows to merge the samples into, in seconds: 1, 2, 5, 10, 15, 30 or 60. A window is sent once it is complete. Not together with `over`.'

/** @throws RefusedError BAD_USER_INPUT */
export function checkOver(over: number | null | undefined): void {
  if (over != null && !OVERS.includes(over)) {
    throw new RefusedError('BAD_USER_INPUT', `over must be 1, 10, 60 or 300, not ${over}.`)
  }
}

/** @throws RefusedError BAD_USER_INPUT */
export function checkResolution(resolution: number | null | undefined): void {
  if (resolution != null && !RESOLUTIONS.includes(resolution)) {
    throw new RefusedError('BAD_USER_INPUT', `resolution must be 1, 2, 5, 10, 15, 30 or 60, not ${resolution}.`)
  }
}

export function inMs(seconds: number | null | undefined): number | undefined {
  return seconds == null ? undefined : seconds * 1000
}

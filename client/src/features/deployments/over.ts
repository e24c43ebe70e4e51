/** The seconds that current figures may be of. */
export const OVERS = ['10', '60', '300'] as const
export type Over = (typeof OVERS)[number]

export const DEFAULT_OVER: Over = '60'

export const OVER_WORDS: Record<Over, string> = { '10': 'last 10 s', '60': 'last minute', '300': 'last 5 min' }

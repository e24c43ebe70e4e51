import type { MetricsSource, SourceStatus } from '../../graphql/gql/graphql.ts'
import type { Tone } from '../../ui/status.tsx'

// What the first script needs of sources: the words of the table.

export const KIND_WORDS: Record<MetricsSource, string> = {
  SIMULATED: 'Simulated',
  SCRAPED: 'Model server',
  REPORTED: 'Reports',
}

export const STATUS_WORDS: Record<SourceStatus, { word: string; tone: Tone }> = {
  WAITING: { word: 'Waiting', tone: 'busy' },
  UP: { word: 'Up', tone: 'ok' },
  DEGRADED: { word: 'Degraded', tone: 'warn' },
  DOWN: { word: 'Down', tone: 'bad' },
}

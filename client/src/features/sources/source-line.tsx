import type { Source_DeploymentFragment } from '../../graphql/gql/graphql.ts'
import { serverNow, useClock } from '../../live/clock.ts'
import { amount, latency, moment, span, written } from '../../ui/format.ts'
import { Status } from '../../ui/status.tsx'
import { KIND_WORDS, STATUS_WORDS } from './health-words.ts'
import { SERVER_TITLES } from './source-words.ts'

type Source = Source_DeploymentFragment['source']

/** Where the metrics of a deployment come from, and how that is doing. Nothing loud while it is well. */
export function SourceLine({ source, active }: { source: Source; active: boolean }) {
  const { kind, intervalSeconds, scrape, health } = source
  // Recognized, and as named until the first scrape.
  const server = health.server ?? scrape?.server
  const title = server ? SERVER_TITLES[server] : KIND_WORDS[kind]
  return (
    <>
      <span className="text-text">{title}</span>
      {scrape && (
        <code translate="no" className="min-w-0 font-mono text-xs wrap-anywhere">
          {scrape.url}
        </code>
      )}
      {scrape && scrape.labels.length > 0 && (
        <code translate="no" className="font-mono text-xs wrap-anywhere">
          {scrape.labels.map(({ name, value }) => `${name}="${value}"`).join(', ')}
        </code>
      )}
      <span>every {intervalSeconds} s</span>
      {active && kind !== 'SIMULATED' && <Health health={health} />}
    </>
  )
}

function Health({ health }: { health: Source['health'] }) {
  const { word, tone } = STATUS_WORDS[health.status]
  const age = useClock((now) => span(serverNow(now) - Date.parse(health.since)))
  return (
    <span title={health.lastError ?? undefined} className="flex items-center gap-1.5">
      <Status tone={tone} className="text-text">
        {word}
      </Status>
      <time dateTime={health.since} title={moment(new Date(health.since))}>
        for {age}
      </time>
      {health.lastError && <span className="sr-only">: {health.lastError}</span>}
      {health.status === 'UP' && health.series != null && health.durationMs != null && (
        <span className="max-sm:hidden">
          {amount(health.series)} series in {written(latency(health.durationMs))}
        </span>
      )}
    </span>
  )
}

/** Why current figures are old or missing, as a sentence; empty while the source is well. */
export function sourceTrouble({ kind, health }: Source): string {
  const { status, since, lastError, lastSuccessAt } = health
  if (status === 'WAITING') {
    return kind === 'REPORTED' ? 'Waiting for the first report' : 'Waiting for the first scrape'
  }
  if (status !== 'DOWN') return ''
  const reason = lastError ? `: ${lastError.replace(/\.$/, '')}` : ''
  const asOf = lastSuccessAt ? `. The figures are as of ${moment(new Date(lastSuccessAt))}` : ''
  return `Source down since ${moment(new Date(since))}${reason}${asOf}`
}

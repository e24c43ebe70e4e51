import { useId } from 'react'
import type { MetricsSource } from '../../graphql/gql/graphql.ts'
import { cx } from '../../ui/class-names.ts'
import { IntervalField, ScrapeFields } from './scrape-fields.tsx'
import { KIND_WORDS } from './health-words.ts'
import type { SourceChoiceState } from './use-source-choice.ts'

const ABOUT: Record<MetricsSource, string> = {
  SIMULATED: 'Gaugeline makes them up: for a demo, or until the real thing runs.',
  SCRAPED: 'Gaugeline reads the metrics that vLLM, SGLang, Triton and others expose.',
  REPORTED: 'A program, an OpenTelemetry SDK or a collector sends them.',
}
const KINDS = Object.keys(ABOUT) as MetricsSource[]

/** Where the metrics of a deployment come from, and the settings of that. */
export function SourceChoice({ state }: { state: SourceChoiceState }) {
  const name = useId()
  return (
    <div className="flex flex-col gap-4">
      <fieldset>
        <legend className="mb-1.5 font-medium">Where its metrics come from</legend>
        <div className="flex flex-col gap-1.5">
          {KINDS.map((kind) => (
            <label
              key={kind}
              className={cx(
                'flex gap-2 rounded-md border px-2.5 py-1.5',
                state.kind === kind ? 'border-accent bg-ground' : 'border-line hover:bg-hover',
              )}
            >
              <input
                type="radio"
                name={name}
                value={kind}
                checked={state.kind === kind}
                onChange={() => state.setKind(kind)}
                className="mt-1 size-3.5 shrink-0 accent-accent"
              />
              <span>
                <span className="font-medium">{KIND_WORDS[kind]}</span>
                <span className="block text-xs text-muted">{ABOUT[kind]}</span>
              </span>
            </label>
          ))}
        </div>
      </fieldset>
      {state.kind === 'SCRAPED' && <ScrapeFields state={state.scrape} hasSecret={state.hasSecret} />}
      {state.kind === 'REPORTED' && (
        <IntervalField seconds={state.reportSeconds} onChange={(seconds) => state.setReportSeconds(seconds)} />
      )}
    </div>
  )
}

import { useId } from 'react'
import { amount, latency, NO_DATA, percent, written } from '../../ui/format.ts'
import { Button } from '../../ui/button.tsx'
import { Problem } from '../../ui/message.tsx'
import { Select } from '../../ui/select.tsx'
import { Status } from '../../ui/status.tsx'
import { boundedWords } from '../history/bounded.ts'
import { type DetailFigure, type Distribution, PERCENTS, toDetails } from '../history/details.ts'
import { FamilyMapping } from './family-mapping.tsx'
import { FIGURE_UNITS, SERVER_TITLES } from './source-words.ts'
import type { ScrapeCheck, ScrapeState } from './use-scrape-check.ts'

/** What a check has found: the server, the labels to choose from, its figures, and what cannot be known from it. */
export function CheckResult({ check, state }: { check: ScrapeCheck; state: ScrapeState }) {
  const { serverTitle, series, durationMs, problem, unknown } = check
  const choices = labelChoices(check, state.form.labels)
  const isFirst = ({ tellsModelsApart, name }: LabelToChoose) => tellsModelsApart || name in state.form.labels
  const models = choices.filter(isFirst)
  const labelProblem = state.problemOf('labels')
  const isEmpty = check.families.length === 0
  return (
    <section
      aria-label="What was found"
      aria-busy={state.isBusy}
      className="flex flex-col gap-3 rounded-lg border border-line bg-ground p-3"
    >
      <p className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <Status tone={problem ? 'warn' : 'ok'} className="font-medium">
          {serverTitle ??
            (isEmpty ? 'No metrics yet' : state.form.families ? 'Mapped by hand' : 'An unknown kind of server')}
        </Status>
        <span className="text-muted">
          {amount(series)} series in {written(latency(durationMs))}
        </span>
      </p>
      {problem && <Problem>{problem.message}</Problem>}
      {problem?.reason === 'NO_FIGURES' && state.form.families === null && !isEmpty && (
        <Button className="self-start" onClick={state.startMapping}>
          Choose the families by hand
        </Button>
      )}
      <LabelChoices labels={models} state={state} />
      {labelProblem && <Problem>{labelProblem}</Problem>}
      {check.sinceStart && <SinceStart check={check} />}
      {unknown.length > 0 && (
        <div>
          <h3 className="mb-1 text-xs font-medium text-muted">What cannot be known from it</h3>
          <ul className="list-disc pl-4 text-xs">
            {unknown.map((sentence) => (
              <li key={sentence}>{sentence}</li>
            ))}
          </ul>
        </div>
      )}
      {!isEmpty && <Reading check={check} state={state} labels={choices.filter((label) => !isFirst(label))} />}
    </section>
  )
}

interface LabelToChoose {
  name: string
  values: readonly string[]
  tellsModelsApart: boolean
}

/** The labels with something to choose, and those that were chosen before, also if they are gone. */
function labelChoices({ labels }: ScrapeCheck, chosen: ScrapeState['form']['labels']): LabelToChoose[] {
  const found = labels.filter(({ values, name }) => values.length > 1 || name in chosen)
  const gone = Object.entries(chosen).filter(([name]) => !labels.some((label) => label.name === name))
  const withChosen = found.map((label) => {
    const value = chosen[label.name]
    return {
      ...label,
      values: value === undefined || label.values.includes(value) ? label.values : [...label.values, value],
    }
  })
  return [...withChosen, ...gone.map(([name, value]) => ({ name, values: [value], tellsModelsApart: false }))]
}

function LabelChoices({ labels, state }: { labels: readonly LabelToChoose[]; state: ScrapeState }) {
  if (labels.length === 0) return null
  return (
    <div className="flex flex-wrap gap-3">
      {labels.map((label) => (
        <LabelChoice key={label.name} label={label} state={state} />
      ))}
    </div>
  )
}

interface LabelChoiceProps {
  label: LabelToChoose
  state: ScrapeState
}

function LabelChoice({ label: { name, values }, state }: LabelChoiceProps) {
  const id = useId()
  const { labels } = state.form
  const choose = (value: string) => {
    const { [name]: _before, ...others } = labels
    state.changeReading({ labels: value === '' ? others : { ...others, [name]: value } })
  }
  return (
    <div className="min-w-0 flex-1 basis-40">
      <label htmlFor={id} translate="no" className="mb-1 block truncate font-mono text-xs text-muted">
        {name}
      </label>
      <Select
        id={id}
        label={name}
        className="w-full"
        value={labels[name] ?? ''}
        onChange={({ target }) => choose(target.value)}
      >
        <option value="">All</option>
        {values.map((value) => (
          <option key={value} value={value} translate="no">
            {value}
          </option>
        ))}
      </Select>
    </div>
  )
}

const TIMES: readonly [Distribution, string][] = [
  ['latency', 'Latency'],
  ['timeToFirstToken', 'Time to first token'],
  ['interTokenLatency', 'Time between tokens'],
  ['queueTime', 'Time in the queue'],
]

/** The figures of the server since it began, as a person would read them before saving. */
function SinceStart({ check: { sinceStart } }: { check: ScrapeCheck }) {
  if (!sinceStart) return null
  const { figures } = toDetails(sinceStart)
  const read = (name: DetailFigure) => figures.get(name) ?? Number.NaN
  const times = TIMES.filter(([name]) => [...figures.keys()].some((figure) => figure.startsWith(name)))
  const counts: [string, string][] = [
    ['Requests', amount(sinceStart.requests)],
    ['Errors', amount(sinceStart.errors)],
    ['Prompt tokens', amount(sinceStart.promptTokens)],
    ['Generated tokens', amount(sinceStart.generatedTokens)],
    ['In flight', amount(figures.get('inFlight'))],
    ['Waiting', amount(figures.get('waiting'))],
    ['Cache used', figures.has('kvCacheUsage') ? `${percent(figures.get('kvCacheUsage'))} %` : NO_DATA],
  ]
  return (
    <div>
      <h3 className="mb-1 text-xs font-medium text-muted">Since it began</h3>
      <dl className="mb-2 grid grid-cols-[repeat(auto-fill,minmax(7rem,1fr))] gap-x-3 gap-y-1">
        {counts
          .filter(([, value]) => value !== NO_DATA)
          .map(([name, value]) => (
            <div key={name}>
              <dt className="text-xs text-muted">{name}</dt>
              <dd translate="no">{value}</dd>
            </div>
          ))}
      </dl>
      {times.length > 0 && (
        <div role="group" tabIndex={0} aria-label="Times since it began" className="overflow-x-auto">
          <table className="w-full text-xs">
            <thead className="text-muted">
              <tr>
                <th className="py-0.5 text-left font-normal">
                  <span className="sr-only">Time</span>
                </th>
                {[...PERCENTS, 'mean'].map((name) => (
                  <th key={name} scope="col" className="py-0.5 pl-3 text-right font-normal">
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {times.map(([name, words]) => (
                <tr key={name} className="border-t border-line">
                  <th scope="row" className="py-1 pr-2 text-left font-normal">
                    {words}
                  </th>
                  {PERCENTS.map((percentile) => (
                    <td key={percentile} translate="no" className="py-1 pl-3 text-right">
                      {boundedWords({
                        value: read(`${name}.${percentile}`),
                        low: read(`${name}.${percentile}.low`),
                        high: read(`${name}.${percentile}.high`),
                      })}
                    </td>
                  ))}
                  <td translate="no" className="py-1 pl-3 text-right">
                    {written(latency(read(`${name}.mean`)))}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </div>
  )
}

interface ReadingProps {
  check: ScrapeCheck
  state: ScrapeState
  /** Labels that do not tell models apart: series can be chosen by them too. */
  labels: readonly LabelToChoose[]
}

/** Which family gives which figure, the kind of server to read it as, and the mapping by hand. */
function Reading({ check, state, labels }: ReadingProps) {
  const id = useId()
  const { form } = state
  const isByHand = form.families !== null
  return (
    <details open={isByHand || check.problem?.reason === 'NO_FIGURES'} className="text-xs">
      <summary className="cursor-pointer text-muted hover:text-text">
        How it is read: {check.figures.length} {check.figures.length === 1 ? 'figure' : 'figures'} of{' '}
        {check.families.length} families
      </summary>
      <div className="mt-2 flex flex-col gap-2">
        <div className="flex flex-wrap items-center gap-2">
          <label htmlFor={id}>Read as</label>
          <Select
            id={id}
            label="Read as"
            className="w-56"
            value={isByHand ? 'HAND' : (form.server ?? '')}
            onChange={({ target: { value } }) =>
              value === 'HAND'
                ? state.startMapping()
                : state.changeReading({ families: null, server: value === '' ? null : serverOf(value) })
            }
          >
            <option value="">What it is recognized as</option>
            {Object.entries(SERVER_TITLES).map(([server, title]) => (
              <option key={server} value={server} translate="no">
                {title}
              </option>
            ))}
            <option value="HAND">Families chosen by hand</option>
          </Select>
        </div>
        {isByHand ? (
          <FamilyMapping check={check} state={state} />
        ) : (
          <table>
            <tbody>
              {check.figures.map(({ figure, family }) => (
                <tr key={`${figure} ${family}`}>
                  <th scope="row" className="pr-3 text-left font-normal text-muted">
                    {FIGURE_UNITS[figure].words}
                  </th>
                  <td>
                    <code translate="no" className="font-mono wrap-anywhere">
                      {family}
                    </code>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
        <LabelChoices labels={labels} state={state} />
      </div>
    </details>
  )
}

function serverOf(value: string): keyof typeof SERVER_TITLES | null {
  return value in SERVER_TITLES ? (value as keyof typeof SERVER_TITLES) : null
}

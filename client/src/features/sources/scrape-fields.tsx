import { type KeyboardEvent, useId } from 'react'
import { Button } from '../../ui/button.tsx'
import { Problem } from '../../ui/message.tsx'
import { Select } from '../../ui/select.tsx'
import { TextField } from '../../ui/text-field.tsx'
import { CheckResult } from './check-result.tsx'
import { type Authorization, EXAMPLE_URL, INTERVALS } from './scrape-form.ts'
import type { ScrapeState } from './use-scrape-check.ts'

interface ScrapeFieldsProps {
  state: ScrapeState
  /** The deployment has a secret already, which can stay. */
  hasSecret: boolean
}

const AUTHORIZATIONS: Record<Authorization, string> = {
  none: 'None',
  keep: 'As it is stored',
  bearer: 'Bearer token',
  basic: 'User and password',
}

/** Where a model server exposes its metrics, and what a check finds there. */
export function ScrapeFields({ state, hasSecret }: ScrapeFieldsProps) {
  const { form, check, isBusy, problem, problemOf, changeTarget } = state
  const authorizationId = useId()
  // Within a form, Enter would save what was not looked at.
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || !(event.target instanceof HTMLInputElement)) return
    event.preventDefault()
    void state.tryOut()
  }
  return (
    <div className="flex flex-col gap-3">
      <div onKeyDown={onKeyDown} className="flex flex-col gap-3">
        <div>
          <div className="flex items-start gap-2 [&>:first-child]:flex-1">
            <TextField
              label="URL of the metrics"
              value={form.url}
              onChange={(url) => changeTarget({ url })}
              problem={problemOf('url')}
              hint="What Prometheus would scrape, such as http://host:8000/metrics"
            />
            <Button className="mt-6 h-9 w-20" busy={isBusy} onClick={() => void state.tryOut()}>
              {isBusy ? 'Checking' : 'Check'}
            </Button>
          </div>
          {form.url.trim() === '' && (
            <button
              type="button"
              onClick={() => state.tryExample(EXAMPLE_URL)}
              className="text-left text-xs text-accent hover:underline"
            >
              Use the example server at <span translate="no">{EXAMPLE_URL}</span>
            </button>
          )}
        </div>
        <div className="grid grid-cols-2 gap-3">
          <div>
            <label htmlFor={authorizationId} className="mb-1 block font-medium">
              Authorization
            </label>
            <Select
              id={authorizationId}
              label="Authorization"
              className="h-9 w-full"
              value={form.authorization}
              aria-describedby={`${authorizationId}-note`}
              onChange={({ target }) => changeTarget({ authorization: authorizationOf(target.value) })}
            >
              {Object.entries(AUTHORIZATIONS).map(([value, words]) =>
                value === 'keep' && !hasSecret ? null : (
                  <option key={value} value={value}>
                    {words}
                  </option>
                ),
              )}
            </Select>
            <p id={`${authorizationId}-note`} className="mt-1 min-h-4 text-xs text-bad">
              {problemOf('authorization')}
            </p>
          </div>
          <IntervalField
            seconds={form.intervalSeconds}
            onChange={(intervalSeconds) => state.changeReading({ intervalSeconds })}
            problem={problemOf('intervalSeconds')}
          />
        </div>
        <Secrets state={state} />
      </div>
      <div role="status" className="sr-only">
        {check &&
          !isBusy &&
          (check.problem?.message ?? `Found ${check.serverTitle ?? 'metrics'}, ${check.series} series`)}
      </div>
      {problem && <Problem>{problem}</Problem>}
      {check && <CheckResult check={check} state={state} />}
    </div>
  )
}

function authorizationOf(value: string): Authorization {
  return value in AUTHORIZATIONS ? (value as Authorization) : 'none'
}

/** Write-only: what is stored is never shown. */
function Secrets({ state: { form, changeTarget } }: { state: ScrapeState }) {
  if (form.authorization === 'bearer') {
    return (
      <TextField
        label="Token"
        value={form.bearer}
        onChange={(bearer) => changeTarget({ bearer })}
        problem={undefined}
        hint="It is never shown again"
        type="password"
      />
    )
  }
  if (form.authorization !== 'basic') return null
  return (
    <div className="grid gap-3 sm:grid-cols-2">
      <TextField label="User" value={form.user} onChange={(user) => changeTarget({ user })} problem={undefined} />
      <TextField
        label="Password"
        value={form.password}
        onChange={(password) => changeTarget({ password })}
        problem={undefined}
        type="password"
      />
    </div>
  )
}

interface IntervalFieldProps {
  seconds: number
  onChange: (seconds: number) => void
  problem?: string | undefined
}

/** How long each window of a source is. */
export function IntervalField({ seconds, onChange, problem }: IntervalFieldProps) {
  const id = useId()
  return (
    <div>
      <label htmlFor={id} className="mb-1 block font-medium">
        Interval
      </label>
      <Select
        id={id}
        label="Interval"
        className="h-9 w-full"
        value={seconds}
        aria-describedby={`${id}-note`}
        onChange={({ target }) => onChange(Number(target.value))}
      >
        {INTERVALS.map((one) => (
          <option key={one} value={one}>
            {one} s
          </option>
        ))}
      </Select>
      <p id={`${id}-note`} className="mt-1 min-h-4 text-xs text-bad">
        {problem}
      </p>
    </div>
  )
}

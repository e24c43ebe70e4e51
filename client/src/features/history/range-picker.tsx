import { type SubmitEvent, useId, useState } from 'react'
import { serverNow } from '../../live/clock.ts'
import { Button, IconButton } from '../../ui/button.tsx'
import { cx } from '../../ui/class-names.ts'
import { moment } from '../../ui/format.ts'
import { BackIcon, ForwardIcon, ZoomOutIcon } from '../../ui/icons.tsx'
import { isRange, TRAILING } from './range-search.ts'
import { boundsOf, fixedRange, type TimeRange, TRAILING_WORDS } from './time-range.ts'
import type { TimeRangeControl } from './use-time-range.ts'

/** Which time the charts of the page show: one that ends now, or one from a person's own dates. */
export function RangePicker({ control }: { control: TimeRangeControl }) {
  const { range, show } = control
  const [isOwnOpen, setOwnOpen] = useState(false)
  const formId = useId()
  return (
    <div className="flex max-w-full flex-wrap items-center justify-end gap-x-2 gap-y-1.5">
      <div className="flex items-center">
        <IconButton label="Earlier" onClick={control.back} className="size-7">
          <BackIcon />
        </IconButton>
        <IconButton
          label="Later"
          onClick={control.forward}
          disabled={!control.canForward}
          className="size-7 disabled:pointer-events-none disabled:opacity-40"
        >
          <ForwardIcon />
        </IconButton>
        <IconButton
          label="Zoom out"
          onClick={control.zoomOut}
          disabled={!control.canZoomOut}
          className="size-7 disabled:pointer-events-none disabled:opacity-40"
        >
          <ZoomOutIcon />
        </IconButton>
      </div>
      <div
        role="radiogroup"
        aria-label="Range"
        className="flex max-w-full flex-wrap rounded-md border border-line-strong bg-surface p-0.5"
      >
        {TRAILING.map((name) => (
          <label
            key={name}
            className={cx(CHOICE, range.kind === 'trailing' && range.name === name ? CHOSEN : NOT_CHOSEN)}
          >
            <input
              type="radio"
              name={formId}
              className="sr-only"
              checked={range.kind === 'trailing' && range.name === name}
              onChange={() => show({ kind: 'trailing', name })}
            />
            {TRAILING_WORDS[name]}
          </label>
        ))}
        <button
          type="button"
          aria-expanded={isOwnOpen}
          aria-controls={formId}
          onClick={() => setOwnOpen((isOpen) => !isOpen)}
          className={cx(CHOICE, range.kind === 'fixed' ? CHOSEN : NOT_CHOSEN)}
        >
          {range.kind === 'fixed' ? rangeWords(range) : 'From–to'}
        </button>
      </div>
      {isOwnOpen && (
        <OwnRange
          key={JSON.stringify(range)}
          id={formId}
          range={range}
          onShow={(next) => {
            show(next)
            setOwnOpen(false)
          }}
          onClose={() => setOwnOpen(false)}
        />
      )}
    </div>
  )
}

const CHOICE =
  'flex h-6.5 cursor-pointer items-center rounded px-2 text-xs whitespace-nowrap has-focus-visible:outline-2 has-focus-visible:outline-accent'
const CHOSEN = 'bg-mark font-medium'
const NOT_CHOSEN = 'text-muted hover:text-text'

/** `30 Nov, 13:05 – 14:05` */
export function rangeWords({ fromMs, toMs }: { fromMs: number; toMs: number }): string {
  const [from, to] = [new Date(fromMs), new Date(toMs)]
  const seconds = toMs - fromMs < 600_000
  const end = from.toDateString() === to.toDateString() ? clock(to, seconds) : dated(to, seconds)
  return `${dated(from, seconds)} – ${end}`
}

function dated(at: Date, seconds: boolean): string {
  return seconds ? `${moment(at)}:${String(at.getSeconds()).padStart(2, '0')}` : moment(at)
}

function clock(at: Date, seconds: boolean): string {
  return at.toTimeString().slice(0, seconds ? 8 : 5)
}

interface OwnRangeProps {
  id: string
  range: TimeRange
  onShow: (range: TimeRange) => void
  onClose: () => void
}

/** Two dates in the browser's own fields. They are in local time, as everything on the page is. */
function OwnRange({ id, range, onShow, onClose }: OwnRangeProps) {
  const bounds = boundsOf(range, serverNow())
  const [from, setFrom] = useState(() => local(bounds.fromMs))
  const [to, setTo] = useState(() => local(bounds.toMs))
  const problemId = useId()
  const problem = problemOf(from, to)
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    if (problem === '') onShow(fixedRange(Date.parse(from), Date.parse(to)))
  }
  return (
    <form
      id={id}
      onSubmit={submit}
      onKeyDown={({ key }) => key === 'Escape' && onClose()}
      className="flex w-full flex-wrap items-center justify-end gap-2"
    >
      {problem && (
        <p id={problemId} role="status" className="text-xs text-bad">
          {problem}
        </p>
      )}
      <Field label="From" value={from} onChange={setFrom} describedBy={problem && problemId} />
      <Field label="To" value={to} onChange={setTo} describedBy={problem && problemId} />
      <Button type="submit" off={problem !== ''}>
        Show
      </Button>
    </form>
  )
}

interface FieldProps {
  label: string
  value: string
  onChange: (value: string) => void
  describedBy: string
}

function Field({ label, value, onChange, describedBy }: FieldProps) {
  return (
    <label className="flex items-center gap-1.5 text-xs text-muted">
      {label}
      <input
        type="datetime-local"
        step={1}
        required
        value={value}
        onChange={(event) => onChange(event.target.value)}
        aria-describedby={describedBy || undefined}
        className="h-8 rounded-md border border-line-strong bg-surface px-2 text-sm text-text"
      />
    </label>
  )
}

function problemOf(from: string, to: string): string {
  const [fromMs, toMs] = [Date.parse(from), Date.parse(to)]
  if (Number.isNaN(fromMs) || Number.isNaN(toMs)) return 'Both dates are needed.'
  if (toMs <= fromMs) return 'The end must be after the beginning.'
  return isRange(fromMs, toMs) ? '' : 'The range may be up to ten years long, after 1970.'
}

/** `2026-11-30T13:05:00`, in local time, as the field takes it. */
function local(ms: number): string {
  const at = new Date(ms)
  return new Date(ms - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 19)
}

import { useId } from 'react'

interface LogChoiceProps {
  log: boolean
  onLog: (log: boolean) => void
  /** Why the scale cannot be logarithmic; empty if it can. */
  impossible?: string
}

/** Whether a chart's scale is logarithmic. */
export function LogChoice({ log, onLog, impossible = '' }: LogChoiceProps) {
  const reasonId = useId()
  return (
    <span className="flex items-center gap-2 text-xs text-muted">
      {impossible !== '' && <span id={reasonId}>{impossible}</span>}
      <label className="flex items-center gap-1.5 whitespace-nowrap">
        <input
          type="checkbox"
          checked={log && impossible === ''}
          disabled={impossible !== ''}
          aria-describedby={reasonId}
          onChange={(event) => onLog(event.target.checked)}
          className="accent-accent"
        />
        <span>Log scale</span>
      </label>
    </span>
  )
}

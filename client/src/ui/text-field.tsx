import { type ReactNode, useId } from 'react'
import { cx } from './class-names.ts'

interface TextFieldProps {
  label: string
  value: string
  onChange: (value: string) => void
  problem: string | undefined
  hint?: ReactNode
  list?: string
  type?: 'text' | 'password'
}

/** A text input with its label above and, below, what is wrong with it or else a hint. */
export function TextField({ label, value, onChange, problem, hint, list, type = 'text' }: TextFieldProps) {
  const id = useId()
  return (
    <div className="flex min-w-0 flex-col gap-1">
      <label htmlFor={id} className="font-medium">
        {label}
      </label>
      <input
        id={id}
        type={type}
        value={value}
        list={list}
        onChange={(event) => onChange(event.target.value)}
        aria-invalid={problem !== undefined}
        aria-describedby={`${id}-note`}
        autoComplete={type === 'password' ? 'new-password' : 'off'}
        spellCheck={false}
        className={cx('h-9 w-full rounded-md border bg-ground px-2.5', problem ? 'border-bad' : 'border-line-strong')}
      />
      {/* Always rendered, so that a message that appears moves nothing below it. */}
      <span id={`${id}-note`} className={cx('min-h-4 text-xs', problem ? 'text-bad' : 'text-muted')}>
        {problem ?? hint}
      </span>
    </div>
  )
}

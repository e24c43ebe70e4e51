import { cx } from './class-names.ts'

interface FilterChipsProps<Value extends string> {
  label: string
  value: Value
  options: readonly { value: Value; label: string; count: number | undefined }[]
  onChange: (value: Value) => void
}

/** A choice of one filter, each with the number of rows that it would show. */
export function FilterChips<Value extends string>({ label, value, options, onChange }: FilterChipsProps<Value>) {
  return (
    <div role="group" aria-label={label} className="flex flex-wrap gap-1">
      {options.map((option) => (
        <button
          key={option.value}
          type="button"
          aria-pressed={option.value === value}
          onClick={() => onChange(option.value)}
          className={cx(
            'inline-flex h-8 items-center gap-1.5 rounded-md border px-2.5 whitespace-nowrap',
            option.value === value
              ? 'border-line-strong bg-surface font-medium'
              : 'border-transparent text-muted hover:bg-hover hover:text-text',
          )}
        >
          {option.label}
          <span data-figures translate="no" className="min-w-[2.2ch] text-left font-normal text-muted">
            {option.count ?? ''}
          </span>
        </button>
      ))}
    </div>
  )
}

import { useEffect, useState } from 'react'
import { SearchIcon } from './icons.tsx'

interface SearchFieldProps {
  label: string
  value: string
  onChange: (value: string) => void
}

const DEBOUNCE_MS = 200

/**
 * Debounced: `onChange` is called once the typing pauses. `/` focuses the field, `Esc` leaves it
 * and keeps the search.
 */
export function SearchField({ label, value, onChange }: SearchFieldProps) {
  const [typed, setTyped] = useState(value)
  const [reported, setReported] = useState(value)
  // A value from elsewhere (the back button, a link) replaces what was typed.
  if (value !== reported) {
    setReported(value)
    setTyped(value)
  }
  useEffect(() => {
    if (typed === reported) return
    const timer = setTimeout(() => {
      setReported(typed)
      onChange(typed)
    }, DEBOUNCE_MS)
    return () => clearTimeout(timer)
  }, [typed, reported, onChange])
  return (
    <label className="relative block w-full sm:w-auto sm:max-w-60 sm:min-w-40 sm:flex-1">
      <span className="sr-only">{label}</span>
      <span className="pointer-events-none absolute top-1/2 left-2.5 -translate-y-1/2 text-muted">
        <SearchIcon />
      </span>
      <input
        type="search"
        value={typed}
        placeholder={label}
        onChange={(event) => setTyped(event.target.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Escape') return
          // Chromium would empty the field, and with it the list that one searched for.
          event.preventDefault()
          event.currentTarget.blur()
        }}
        className="h-8 w-full rounded-md border border-line-strong bg-surface pr-2 pl-8 placeholder:text-faint"
      />
    </label>
  )
}

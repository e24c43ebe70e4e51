import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { Dialog } from '../../ui/dialog.tsx'
import { useKeys } from '../../ui/keyboard.ts'

const KEYS: readonly [keys: string[], what: string][] = [
  [['/'], 'Search'],
  [['j'], 'Next row'],
  [['k'], 'Previous row'],
  [['Enter'], 'Open the row'],
  [['g', 'd'], 'Go to deployments'],
  [['g', 't'], 'Go to training jobs'],
  [['g', 's'], 'Go to settings'],
  [['Esc'], 'Close, or leave the search'],
  [['?'], 'This list'],
]

/** The keys that work on every page, and the list of all keys. */
export function Shortcuts() {
  const navigate = useNavigate()
  const [open, setOpen] = useState(false)
  useKeys({
    'g d': () => void navigate({ to: '/deployments' }),
    'g t': () => void navigate({ to: '/training-jobs' }),
    'g s': () => void navigate({ to: '/settings' }),
    '?': () => setOpen(true),
    '/': (event) => {
      const search = document.querySelector<HTMLInputElement>('input[type="search"]')
      if (!search) return
      event.preventDefault()
      search.focus()
      search.select()
    },
  })
  return (
    <Dialog open={open} onClose={() => setOpen(false)} title="Keyboard">
      <dl className="grid grid-cols-[6rem_1fr] items-center gap-y-2">
        {KEYS.map(([keys, what]) => (
          <div key={what} className="contents">
            <dt className="flex gap-1">
              {keys.map((key) => (
                <kbd
                  key={key}
                  className="inline-flex min-w-6 justify-center rounded border border-line-strong bg-ground px-1.5 font-mono text-xs"
                >
                  {key}
                </kbd>
              ))}
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  )
}

import { useNavigate } from '@tanstack/react-router'
import { lazy, Suspense, useState } from 'react'
import { useKeys } from '../../ui/keyboard.ts'

const ShortcutsDialog = lazy(() =>
  import('./shortcuts-dialog.tsx').then((module) => ({ default: module.ShortcutsDialog })),
)

/** The keys that work on every page, and the way to the list of all keys. */
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
    open && (
      <Suspense>
        <ShortcutsDialog onClose={() => setOpen(false)} />
      </Suspense>
    )
  )
}

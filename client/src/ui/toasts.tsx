import { lazy, Suspense, useState } from 'react'
import { useStore } from './external-store.ts'
import { notices } from './notices.ts'

// Nobody needs the toaster before the first notice, and then there is time to load it.
const Toaster = lazy(() => import('./toaster.tsx').then((module) => ({ default: module.Toaster })))

/** Where notices appear. */
export function Toasts() {
  const waiting = useStore(notices).length > 0
  const [wanted, setWanted] = useState(false)
  if (waiting && !wanted) setWanted(true)
  return wanted ? (
    <Suspense>
      <Toaster />
    </Suspense>
  ) : null
}

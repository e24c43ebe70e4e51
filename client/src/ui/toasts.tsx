import { Suspense, useState } from 'react'
import { lazyComponent } from './chunks.ts'
import { useStore } from './external-store.ts'
import { notices } from './notices.ts'

// The toaster is not needed before the first notice, and then there is time to load it.
const Toaster = lazyComponent(async () => (await import('./toaster.tsx')).Toaster)

/** Where notices appear. */
export function Toasts() {
  const waiting = useStore(notices).length > 0
  const [isNeeded, setNeeded] = useState(false)
  if (waiting && !isNeeded) setNeeded(true)
  return isNeeded ? (
    <Suspense>
      <Toaster />
    </Suspense>
  ) : null
}

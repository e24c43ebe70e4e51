import { NO_DATA } from './format.ts'

/** A figure or a name that does not change by itself; faint where there is none. */
export function Value({ children }: { children: string }) {
  return (
    <span translate="no" className={children === NO_DATA ? 'text-faint' : undefined}>
      {children}
    </span>
  )
}

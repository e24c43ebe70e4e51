import { useEffect, useRef } from 'react'

/** Key names as the browser gives them; two in a row with a space between: `g d`. */
export type Bindings = Record<string, (event: KeyboardEvent) => void>

const SEQUENCE_WITHIN_MS = 1200

/** Keys that work wherever no text is being typed and no dialog or menu is open. */
export function useKeys(bindings: Bindings): void {
  const latest = useRef(bindings)
  useEffect(() => {
    latest.current = bindings
  })
  useEffect(() => {
    let first = ''
    let at = 0
    const listen = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isBusy(event.target)) return
      const sequence = event.timeStamp - at < SEQUENCE_WITHIN_MS ? `${first} ${event.key}` : ''
      const binding = latest.current[sequence] ?? latest.current[event.key]
      first = event.key
      at = event.timeStamp
      if (binding) binding(event)
    }
    addEventListener('keydown', listen)
    return () => removeEventListener('keydown', listen)
  }, [])
}

function isBusy(target: EventTarget | null): boolean {
  if (document.querySelector('[role="dialog"],[role="alertdialog"],[role="menu"]')) return true
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
}

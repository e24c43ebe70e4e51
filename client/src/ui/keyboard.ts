import { useEffect, useRef } from 'react'

/** By the browser's names of keys; a sequence of two is separated by a space: `g d`. */
export type Bindings = Record<string, (event: KeyboardEvent) => void>

const SEQUENCE_WITHIN_MS = 1200

/** Binds keys, which work unless the person is typing text or a dialog or menu is open. */
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

import { type RefObject, useEffect, useState } from 'react'
import { useTrack } from '../../live/use-track.ts'
import { useServices } from '../../services.ts'
import { requestsBehind } from './about-figure.ts'
import { type Over, OVER_WORDS } from './over.ts'

interface RowRequestsProps {
  /** What holds the table. */
  root: RefObject<HTMLElement | null>
  over: Over
}

/** How many requests are behind the figures of the row that has the focus: what a pointer is told by hovering. */
export function RowRequests({ root, over }: RowRequestsProps) {
  const [focused, setFocused] = useState<{ id: string; top: number }>()
  useEffect(() => {
    const element = root.current
    if (!element) return
    const onFocus = ({ target }: FocusEvent) => {
      const row = target instanceof Element && target.matches(':focus-visible') ? target.closest('tr[data-id]') : null
      if (!(row instanceof HTMLElement)) return setFocused(undefined)
      const top = row.getBoundingClientRect().bottom - element.getBoundingClientRect().top
      setFocused({ id: row.dataset['id'] ?? '', top })
    }
    const onBlur = () => setFocused(undefined)
    element.addEventListener('focusin', onFocus)
    element.addEventListener('focusout', onBlur)
    return () => {
      element.removeEventListener('focusin', onFocus)
      element.removeEventListener('focusout', onBlur)
    }
  }, [root])
  return focused && <Bubble key={focused.id} {...focused} over={over} />
}

function Bubble({ id, top, over }: { id: string; top: number; over: Over }) {
  const { fleet } = useServices()
  const requests = requestsBehind(useTrack(fleet, id))
  if (requests === undefined) return null
  return (
    <p
      style={{ top }}
      data-figures
      className="pointer-events-none absolute right-2 z-20 mt-1 rounded-md border border-line bg-raised px-2 py-1 text-xs shadow-float"
    >
      <span translate="no">{requests}</span>, {OVER_WORDS[over]}
    </p>
  )
}

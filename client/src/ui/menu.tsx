import { lazy, type ReactElement, type ReactNode, Suspense, useState } from 'react'

const load = () => import('./menu-popup.tsx')
const MenuPopup = lazy(() => load().then((module) => ({ default: module.MenuPopup })))

/** A choice that is on or off, one of several, or simply done. */
export type MenuEntry =
  | { kind: 'action'; label: string; run: () => void }
  | { kind: 'check'; label: string; checked: boolean; onChange: (checked: boolean) => void }
  | {
      kind: 'choice'
      value: string
      options: readonly { value: string; label: string; icon?: ReactNode }[]
      onChange: (value: string) => void
    }
  | { kind: 'heading'; label: string }
  | { kind: 'separator' }

interface MenuProps {
  trigger: ReactElement
  entries: readonly MenuEntry[]
}

/** A button that opens a list of choices. The list itself is loaded when somebody is about to open the first one. */
export function Menu({ trigger, entries }: MenuProps) {
  const [opened, setOpened] = useState(false)
  const plain = (
    <span
      className="inline-flex"
      onPointerEnter={() => void load()}
      onFocus={() => void load()}
      onClickCapture={() => setOpened(true)}
    >
      {trigger}
    </span>
  )
  if (!opened) return plain
  return (
    <Suspense fallback={plain}>
      <MenuPopup trigger={trigger} entries={entries} />
    </Suspense>
  )
}

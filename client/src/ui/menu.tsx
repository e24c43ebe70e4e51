import { type ReactElement, Suspense, useState } from 'react'
import { lazyComponent } from './chunks.ts'
import type { MenuEntry } from './menu-popup.tsx'

const MenuPopup = lazyComponent(async () => (await import('./menu-popup.tsx')).MenuPopup)

interface MenuProps {
  trigger: ReactElement
  entries: readonly MenuEntry[]
}

/** A button that opens a menu. The code of menus is loaded when somebody is about to open the first one. */
export function Menu({ trigger, entries }: MenuProps) {
  const [opened, setOpened] = useState(false)
  const plain = (
    <span
      className="inline-flex"
      onPointerEnter={() => void MenuPopup.preload()}
      onFocus={() => void MenuPopup.preload()}
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

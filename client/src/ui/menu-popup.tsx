import { Menu } from '@base-ui/react/menu'
import type { ReactElement, ReactNode } from 'react'
import { cx } from './class-names.ts'
import { CheckIcon } from './icons.tsx'

/** A line of a menu: an action, a switch, a choice of one, or what groups them. */
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

const ITEM =
  'flex h-8 cursor-pointer items-center gap-2 rounded-md px-2 whitespace-nowrap outline-none data-highlighted:bg-hover'

/** Mounted by the first click on its trigger, so it is open from the start. */
export function MenuPopup({ trigger, entries }: { trigger: ReactElement; entries: readonly MenuEntry[] }) {
  return (
    <Menu.Root modal={false} defaultOpen>
      <Menu.Trigger render={trigger} />
      <Menu.Portal>
        <Menu.Positioner sideOffset={6} align="end" className="z-40 outline-none">
          <Menu.Popup className="min-w-44 rounded-lg border border-line bg-raised p-1 shadow-float outline-none">
            {entries.map((entry, index) => (
              <Entry key={index} entry={entry} />
            ))}
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  )
}

function Entry({ entry }: { entry: MenuEntry }) {
  switch (entry.kind) {
    case 'action':
      return (
        <Menu.Item onClick={entry.run} className={ITEM}>
          {entry.label}
        </Menu.Item>
      )
    case 'check':
      return (
        <Menu.CheckboxItem checked={entry.checked} onCheckedChange={entry.onChange} className={ITEM}>
          <Tick on={entry.checked} />
          {entry.label}
        </Menu.CheckboxItem>
      )
    case 'choice':
      return (
        <Menu.RadioGroup value={entry.value} onValueChange={entry.onChange}>
          {entry.options.map(({ value, label, icon }) => (
            <Menu.RadioItem key={value} value={value} className={cx(ITEM, 'pr-3')}>
              <Tick on={value === entry.value} />
              {icon}
              {label}
            </Menu.RadioItem>
          ))}
        </Menu.RadioGroup>
      )
    case 'heading':
      return (
        <Menu.Group>
          <Menu.GroupLabel className="px-2 pt-1.5 pb-1 text-xs text-muted">{entry.label}</Menu.GroupLabel>
        </Menu.Group>
      )
    case 'separator':
      return <Menu.Separator className="my-1 h-px bg-line" />
  }
}

function Tick({ on }: { on: boolean }) {
  return <span className="flex size-4 items-center justify-center">{on && <CheckIcon size={14} />}</span>
}

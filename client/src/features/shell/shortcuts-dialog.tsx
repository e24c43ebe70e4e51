import { cx } from '../../ui/class-names.ts'
import { Dialog } from '../../ui/dialog.tsx'
import { PLACES } from './nav.ts'

type Key = [keys: string[], what: string]
const KEYS: readonly Key[] = [
  [['/'], 'Search'],
  [['j'], 'Next row'],
  [['k'], 'Previous row'],
  [['Enter'], 'Open the row'],
  ...PLACES.map(({ key, title }): Key => [['g', key], `Go to ${title.toLowerCase()}`]),
  [['Esc'], 'Close, or leave the search'],
  [['?'], 'Show this list'],
]

/** What every key does. */
export function ShortcutsDialog({ onClose }: { onClose: () => void }) {
  return (
    <Dialog open onClose={onClose} title="Keyboard">
      <dl className="grid grid-cols-[6rem_1fr] items-center gap-y-2">
        {KEYS.map(([keys, what]) => (
          <div key={what} className="contents">
            <dt className="flex gap-1">
              {keys.map((key) => (
                <kbd
                  key={key}
                  className={cx(
                    'inline-flex min-w-6 justify-center rounded border border-line-strong bg-ground px-1.5',
                    'font-mono text-xs',
                  )}
                >
                  {key}
                </kbd>
              ))}
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  )
}

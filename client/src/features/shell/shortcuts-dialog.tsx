import { Dialog } from '../../ui/dialog.tsx'
import { cx } from '../../ui/class-names.ts'

const KEYS: readonly [keys: string[], what: string][] = [
  [['/'], 'Search'],
  [['j'], 'Next row'],
  [['k'], 'Previous row'],
  [['Enter'], 'Open the row'],
  [['g', 'd'], 'Go to deployments'],
  [['g', 't'], 'Go to training jobs'],
  [['g', 's'], 'Go to settings'],
  [['Esc'], 'Close, or leave the search'],
  [['?'], 'This list'],
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

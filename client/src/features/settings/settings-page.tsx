import { useState } from 'react'
import { Button } from '../../ui/button.tsx'
import { useStore } from '../../ui/external-store.ts'
import { MoonIcon, ScreenIcon, SunIcon } from '../../ui/icons.tsx'
import { cx } from '../../ui/class-names.ts'
import { chooseTheme, themeChoice, THEME_CHOICES } from '../../ui/theme.ts'
import { useTitle } from '../../ui/title.ts'
import { leaveSession } from '../session/leave-session.ts'
import { session } from '../session/session.ts'
import { NAV } from '../shell/nav.ts'
import { ApiTokens } from './api-tokens.tsx'
import { Webhooks } from './webhooks.tsx'

const ICONS = { system: ScreenIcon, light: SunIcon, dark: MoonIcon }

export function SettingsPage() {
  useTitle(NAV.settings.title)
  return (
    <div className="flex max-w-2xl flex-col gap-8">
      <h1 className="text-lg font-semibold">{NAV.settings.title}</h1>
      <Session />
      <Appearance />
      <ApiTokens />
      <Webhooks />
    </div>
  )
}

function Session() {
  const who = useStore(session)
  const [busy, setBusy] = useState(false)
  const leave = async () => {
    setBusy(true)
    await leaveSession()
    setBusy(false)
  }
  return (
    <section aria-labelledby="session">
      <h2 id="session" className="mb-2 font-medium">
        Session
      </h2>
      <dl className="mb-4 grid grid-cols-[8rem_1fr] gap-y-1">
        <dt className="text-muted">Signed in as</dt>
        <dd translate="no" className="wrap-anywhere">
          {who?.name}
        </dd>
        <dt className="text-muted">Scopes</dt>
        <dd>{who?.scopes.map((scope) => scope.toLowerCase()).join(', ')}</dd>
      </dl>
      <Button busy={busy} onClick={() => void leave()}>
        Sign out
      </Button>
    </section>
  )
}

function Appearance() {
  const choice = useStore(themeChoice)
  return (
    <section aria-labelledby="appearance">
      <h2 id="appearance" className="mb-2 font-medium">
        Appearance
      </h2>
      <div role="radiogroup" aria-labelledby="appearance" className="flex flex-wrap gap-2">
        {THEME_CHOICES.map(({ value, label }) => (
          <label
            key={value}
            className={cx(
              'flex h-9 cursor-pointer items-center gap-2 rounded-md border px-3',
              'has-focus-visible:outline-2 has-focus-visible:outline-accent',
              value === choice ? 'border-accent bg-mark' : 'border-line-strong bg-surface hover:bg-hover',
            )}
          >
            <input
              type="radio"
              name="theme"
              value={value}
              checked={value === choice}
              onChange={() => chooseTheme(value)}
              className="sr-only"
            />
            <ThemeIcon choice={value} />
            {label}
          </label>
        ))}
      </div>
    </section>
  )
}

function ThemeIcon({ choice }: { choice: keyof typeof ICONS }) {
  const Icon = ICONS[choice]
  return <Icon />
}

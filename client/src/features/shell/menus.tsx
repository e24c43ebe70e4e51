import { useNavigate } from '@tanstack/react-router'
import { IconButton } from '../../ui/button.tsx'
import { useStore } from '../../ui/external-store.ts'
import { MoonIcon, PersonIcon, ScreenIcon, SunIcon } from '../../ui/icons.tsx'
import { Menu } from '../../ui/menu.tsx'
import { chooseTheme, theme, themeChoice, THEME_CHOICES } from '../../ui/theme.ts'
import { leaveSession } from '../session/leave-session.ts'
import { session } from '../session/session.ts'
import { NAV } from './nav.ts'

const ICONS = { system: <ScreenIcon />, light: <SunIcon />, dark: <MoonIcon /> }

export function ThemeMenu() {
  const choice = useStore(themeChoice)
  const current = useStore(theme)
  return (
    <Menu
      trigger={<IconButton label="Theme">{current === 'dark' ? <MoonIcon /> : <SunIcon />}</IconButton>}
      entries={[
        {
          kind: 'choice',
          value: choice,
          options: THEME_CHOICES.map(({ value, label }) => ({ value, label, icon: ICONS[value] })),
          onChange: (value) => {
            const chosen = THEME_CHOICES.find((one) => one.value === value)
            if (chosen) chooseTheme(chosen.value)
          },
        },
      ]}
    />
  )
}

export function SessionMenu() {
  const who = useStore(session)
  const navigate = useNavigate()
  return (
    <Menu
      trigger={
        <IconButton label={`Session of ${who?.name ?? 'nobody'}`}>
          <PersonIcon />
        </IconButton>
      }
      entries={[
        { kind: 'heading', label: `Signed in as ${who?.name ?? 'nobody'}` },
        { kind: 'action', label: NAV.settings.title, run: () => void navigate({ to: NAV.settings.to }) },
        { kind: 'separator' },
        { kind: 'action', label: 'Sign out', run: () => void leaveSession() },
      ]}
    />
  )
}

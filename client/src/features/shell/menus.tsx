import { useNavigate } from '@tanstack/react-router'
import { useStore } from '../../ui/external-store.ts'
import { MoonIcon, PersonIcon, ScreenIcon, SunIcon } from '../../ui/icons.tsx'
import { IconButton } from '../../ui/button.tsx'
import { Menu, MenuChoice, MenuHeading, MenuItem, MenuSeparator } from '../../ui/menu.tsx'
import { chooseTheme, theme, themeChoice } from '../../ui/theme.ts'
import { leaveSession } from '../session/leave-session.ts'
import { session } from '../session/session.ts'

const THEMES = [
  { value: 'system', label: 'Like the system', icon: <ScreenIcon /> },
  { value: 'light', label: 'Light', icon: <SunIcon /> },
  { value: 'dark', label: 'Dark', icon: <MoonIcon /> },
] as const

export function ThemeMenu() {
  const choice = useStore(themeChoice)
  const current = useStore(theme)
  return (
    <Menu trigger={<IconButton label="Theme">{current === 'dark' ? <MoonIcon /> : <SunIcon />}</IconButton>}>
      <MenuChoice value={choice} onChange={chooseTheme} options={THEMES} />
    </Menu>
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
    >
      <MenuHeading>Signed in as {who?.name}</MenuHeading>
      <MenuItem onClick={() => void navigate({ to: '/settings' })}>Settings</MenuItem>
      <MenuSeparator />
      <MenuItem onClick={() => void leaveSession()}>Sign out</MenuItem>
    </Menu>
  )
}

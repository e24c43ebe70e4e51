import { createStore } from './external-store.ts'
import { storedText } from './storage.ts'

export type ThemeChoice = 'system' | 'light' | 'dark'
export type Theme = 'light' | 'dark'

export const THEME_CHOICES = [
  { value: 'system', label: 'System' },
  { value: 'light', label: 'Light' },
  { value: 'dark', label: 'Dark' },
] as const satisfies readonly { value: ThemeChoice; label: string }[]

/** `public/theme.js` reads it before the first paint. */
const kept = storedText('gaugeline.theme')
const system = matchMedia('(prefers-color-scheme: dark)')

export const themeChoice = createStore<ThemeChoice>(stored())
/** The theme on the screen. Charts redraw when it changes. */
export const theme = createStore<Theme>(effective(themeChoice.get()))

export function chooseTheme(choice: ThemeChoice): void {
  kept.set(choice === 'system' ? null : choice)
  themeChoice.set(choice)
  apply()
}

function apply(): void {
  const next = effective(themeChoice.get())
  document.documentElement.dataset['theme'] = next
  theme.set(next)
}

function effective(choice: ThemeChoice): Theme {
  if (choice !== 'system') return choice
  return system.matches ? 'dark' : 'light'
}

function stored(): ThemeChoice {
  const value = kept.get()
  return value === 'light' || value === 'dark' ? value : 'system'
}

system.addEventListener('change', apply)

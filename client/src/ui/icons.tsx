import type { ReactNode } from 'react'

/**
 * Line icons on a 16 px grid, in the colour of the text beside them. They are always next to a word or inside a control
 * with an accessible name.
 */
function icon(body: ReactNode) {
  return function Icon({ size = 16 }: { size?: number }) {
    return (
      <svg
        width={size}
        height={size}
        viewBox="0 0 16 16"
        fill="none"
        stroke="currentColor"
        strokeWidth="1.4"
        strokeLinecap="round"
        strokeLinejoin="round"
        aria-hidden="true"
        className="shrink-0"
      >
        {body}
      </svg>
    )
  }
}

export const GaugeIcon = icon(
  <>
    <path d="M2.5 11.5a5.75 5.75 0 1 1 11 0" />
    <path d="m8 10.5 2.6-3.4" />
    <circle cx="8" cy="10.8" r=".8" fill="currentColor" stroke="none" />
  </>,
)
export const FleetIcon = icon(<path d="M2.5 13.5v-5M6.2 13.5v-9M9.8 13.5v-6.5M13.5 13.5v-11" />)
export const ModelsIcon = icon(<path d="M8 1.8 13.8 5 8 8.2 2.2 5zM2.2 8 8 11.2 13.8 8M2.2 11 8 14.2 13.8 11" />)
export const TrainingIcon = icon(<path d="M2.5 2.5v11h11M4.5 4.5c1.2 4.8 3.6 6.2 8.5 6.6" />)
export const PlaygroundIcon = icon(<path d="m5.5 4.5-3.5 3.5 3.5 3.5M10.5 4.5 14 8l-3.5 3.5" />)
export const SettingsIcon = icon(
  <>
    <path d="M2 4.5h7.5M12.5 4.5H14M2 11.5h1.5M6.5 11.5H14" />
    <circle cx="11" cy="4.5" r="1.5" />
    <circle cx="5" cy="11.5" r="1.5" />
  </>,
)
export const SunIcon = icon(
  <>
    <circle cx="8" cy="8" r="2.75" />
    <path d="M8 1.5v1M8 13.5v1M1.5 8h1M13.5 8h1M3.4 3.4l.7.7M11.9 11.9l.7.7M12.6 3.4l-.7.7M4.1 11.9l-.7.7" />
  </>,
)
export const MoonIcon = icon(<path d="M13.5 9.6A5.8 5.8 0 0 1 6.4 2.5a5.8 5.8 0 1 0 7.1 7.1Z" />)
export const ScreenIcon = icon(<path d="M2 3h12v8H2zM6 13.5h4M8 11v2.5" />)
export const PersonIcon = icon(
  <>
    <circle cx="8" cy="5.2" r="2.6" />
    <path d="M2.8 13.7c.5-2.6 2.5-3.9 5.2-3.9s4.7 1.3 5.2 3.9" />
  </>,
)
export const SearchIcon = icon(
  <>
    <circle cx="7" cy="7" r="4.25" />
    <path d="m10.2 10.2 3.3 3.3" />
  </>,
)
export const ColumnsIcon = icon(<path d="M2 3h12v10H2zM6 3v10M10 3v10" />)
export const CloseIcon = icon(<path d="m4 4 8 8M12 4l-8 8" />)
export const CopyIcon = icon(<path d="M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3" />)
export const CheckIcon = icon(<path d="m3 8.5 3.2 3.2L13 4.8" />)
export const PauseIcon = icon(<path d="M5.5 3.5v9M10.5 3.5v9" />)
export const PlayIcon = icon(<path d="M5 3.2v9.6L12.5 8z" />)
export const AlertIcon = icon(<path d="M8 2.2 14.3 13.3H1.7zM8 6.5v3M8 11.3v.1" />)
export const BackIcon = icon(<path d="M10 3 5 8l5 5" />)
export const ForwardIcon = icon(<path d="m6 3 5 5-5 5" />)
export const DownIcon = icon(<path d="m3.5 6 4.5 4.5L12.5 6" />)
export const ZoomOutIcon = icon(
  <>
    <circle cx="7" cy="7" r="4.25" />
    <path d="m10.2 10.2 3.3 3.3M5 7h4" />
  </>,
)

import { GaugeIcon, PlaygroundIcon, SettingsIcon, TrainingIcon } from '../../ui/icons.tsx'

/**
 * Where one can go from everywhere: the links of the rail in their order, the titles of those pages, and the key that,
 * pressed after `g`, leads there. `href` is a page outside of the client's router.
 */
export const NAV = {
  deployments: { title: 'Deployments', to: '/deployments', key: 'd', Icon: GaugeIcon },
  trainingJobs: { title: 'Training jobs', to: '/training-jobs', key: 't', Icon: TrainingIcon },
  playground: { title: 'Playground', href: '/graphql', Icon: PlaygroundIcon },
  settings: { title: 'Settings', to: '/settings', key: 's', Icon: SettingsIcon },
} as const

export const LINKS = Object.values(NAV)
/** Those that a key leads to. */
export const PLACES = LINKS.filter((link) => 'key' in link)

import { serverPath } from '../../base-path.ts'
import { FleetIcon, GaugeIcon, ModelsIcon, PlaygroundIcon, SettingsIcon, TrainingIcon } from '../../ui/icons.tsx'

/**
 * The pages that every page leads to: the links of the rail in their order, the titles of the pages, and the key that,
 * pressed after `g`, opens each. `href` is a page outside of the client's router.
 */
export const NAV = {
  deployments: { title: 'Deployments', to: '/deployments', key: 'd', Icon: GaugeIcon },
  fleet: { title: 'Fleet', to: '/fleet', key: 'f', Icon: FleetIcon },
  models: { title: 'Models', to: '/models', key: 'm', Icon: ModelsIcon },
  trainingJobs: { title: 'Training jobs', to: '/training-jobs', key: 't', Icon: TrainingIcon },
  playground: { title: 'Playground', href: serverPath('/graphql'), Icon: PlaygroundIcon },
  settings: { title: 'Settings', to: '/settings', key: 's', Icon: SettingsIcon },
} as const

export const LINKS = Object.values(NAV)
/** The pages that have a key. */
export const PLACES = LINKS.filter((link) => 'key' in link)

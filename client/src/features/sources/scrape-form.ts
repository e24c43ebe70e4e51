import type {
  CheckScrapeTargetInput,
  FamilyUnit,
  ModelServer,
  ScrapeAuthorizationInput,
  ScrapeFailure,
  ScrapeSourceInput,
  SourceFigure,
} from '../../graphql/gql/graphql.ts'
import { FIGURE_UNITS, SOURCE_FIGURES } from './source-words.ts'

/** Where the example server of this repository listens. */
export const EXAMPLE_URL = 'http://127.0.0.1:8000/metrics'
/** What windows can be long, in seconds: each divides a minute. */
export const INTERVALS = [1, 2, 5, 10, 15, 30, 60] as const

/** `keep` is the secret that the deployment has already. */
export type Authorization = 'none' | 'keep' | 'bearer' | 'basic'

export interface MappedFamily {
  family: string
  unit: FamilyUnit
}

/** The form as filled in. */
export interface ScrapeForm {
  url: string
  intervalSeconds: number
  authorization: Authorization
  bearer: string
  user: string
  password: string
  /** The chosen value of each label; all series count where none is chosen. */
  labels: Readonly<Record<string, string>>
  /** The kind of server that was named; null to recognize it. */
  server: ModelServer | null
  /** The families that were chosen by hand, by their figure; null to take those of the server. */
  families: Readonly<Partial<Record<SourceFigure, MappedFamily>>> | null
}
export type ScrapeField = 'url' | 'authorization' | 'labels' | 'mapping' | 'intervalSeconds'
export type ScrapeProblems = Partial<Record<ScrapeField, string>>

export const EMPTY_SCRAPE: ScrapeForm = {
  url: '',
  intervalSeconds: 5,
  authorization: 'none',
  bearer: '',
  user: '',
  password: '',
  labels: {},
  server: null,
  families: null,
}

/** What is wrong with the form, by field, as sentences. The server checks again and decides. */
export function checkScrapeForm(form: ScrapeForm): ScrapeProblems {
  const problems: ScrapeProblems = {}
  const url = form.url.trim()
  if (url === '') problems.url = 'Enter the URL of the metrics.'
  else if (!/^https?:\/\//i.test(url) || !URL.canParse(url)) {
    problems.url = 'Must be a URL that starts with http:// or https://'
  }
  if (form.authorization === 'bearer' && form.bearer.trim() === '') problems.authorization = 'Enter the token.'
  if (form.authorization === 'basic' && form.user === '') problems.authorization = 'Enter the user.'
  if (form.families && Object.keys(form.families).length === 0)
    problems.mapping = 'Choose a family for at least one figure.'
  return problems
}

/** The checked form as the mutations take it. `found` is the server that a check has recognized: it is then named. */
export function toScrapeInput(form: ScrapeForm, found: ModelServer | null = null): ScrapeSourceInput {
  const labels = Object.entries(form.labels).map(([name, value]) => ({ name, value }))
  const server = form.server ?? found
  const authorization = authorizationOf(form)
  return {
    url: form.url.trim(),
    intervalSeconds: form.intervalSeconds,
    ...(labels.length > 0 ? { labels } : {}),
    ...(authorization === undefined ? {} : { authorization }),
    ...(form.families ? { mapping: { families: familiesOf(form.families) } } : server ? { mapping: { server } } : {}),
  }
}

/** Left out, the stored secret stays; null removes it. */
function authorizationOf(form: ScrapeForm): ScrapeAuthorizationInput | null | undefined {
  if (form.authorization === 'keep') return undefined
  if (form.authorization === 'bearer') return { bearer: form.bearer.trim() }
  return form.authorization === 'basic' ? { basic: { user: form.user, password: form.password } } : null
}

function familiesOf(chosen: NonNullable<ScrapeForm['families']>) {
  return SOURCE_FIGURES.flatMap((figure) => {
    const mapped = chosen[figure]
    return mapped ? [{ figure, ...mapped }] : []
  })
}

export function toCheckInput(form: ScrapeForm, deploymentId: string | undefined): CheckScrapeTargetInput {
  return { scrape: toScrapeInput(form), ...(deploymentId === undefined ? {} : { deploymentId }) }
}

/** The stored settings of a deployment, to be changed. */
export function formOf(stored: {
  intervalSeconds: number
  scrape:
    | {
        url: string
        authorization: string | null
        server: ModelServer | null
        labels: readonly { name: string; value: string }[]
        families: readonly { figure: SourceFigure; family: string; unit: FamilyUnit }[]
      }
    | null
    | undefined
}): ScrapeForm {
  const { intervalSeconds, scrape } = stored
  if (!scrape) return EMPTY_SCRAPE
  const families = Object.fromEntries(scrape.families.map(({ figure, family, unit }) => [figure, { family, unit }]))
  return {
    ...EMPTY_SCRAPE,
    url: scrape.url,
    intervalSeconds,
    authorization: scrape.authorization ? 'keep' : 'none',
    labels: Object.fromEntries(scrape.labels.map(({ name, value }) => [name, value])),
    server: scrape.server,
    families: scrape.families.length > 0 ? families : null,
  }
}

/** The field that the path of an issue points to. */
export function scrapeFieldOf(path: readonly string[]): ScrapeField | undefined {
  return (['url', 'authorization', 'labels', 'mapping', 'intervalSeconds'] as const).find((field) =>
    path.includes(field),
  )
}

/** The field that a failed scrape is shown beside. */
export function fieldOfFailure(reason: ScrapeFailure): ScrapeField {
  return reason === 'UNAUTHORIZED' ? 'authorization' : 'url'
}

/** The unit to begin with for a family: what it says of itself, if the figure can come in that. */
export function unitFor(figure: SourceFigure, family: { name: string; unit: string | null }): FamilyUnit {
  const { units } = FIGURE_UNITS[figure]
  const [first = 'COUNT'] = units
  const said = `${family.name}_${family.unit ?? ''}`.toLowerCase()
  const named = (
    [
      ['MICROSECONDS', /microseconds|_us(_|$)/],
      ['MILLISECONDS', /milliseconds|_ms(_|$)/],
      ['PERCENT', /percent/],
    ] as const
  ).find(([unit, pattern]) => units.includes(unit) && pattern.test(said))
  return named ? named[0] : first
}

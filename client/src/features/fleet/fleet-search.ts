import type { DeploymentFilter } from '../../graphql/gql/graphql.ts'
import { flagOf, textOf } from '../../search-params.ts'
import { type RangeSearch, readRangeSearch } from '../history/range-search.ts'

/** The state of the fleet's page, as the URL holds it. */
export interface FleetSearch extends RangeSearch {
  model?: string
  /** Only deployments with this label: `key=value`. */
  label?: string
  log?: true
  heatmap?: true
}

export function readFleetSearch(search: Record<string, unknown>): FleetSearch {
  return {
    ...readRangeSearch(search),
    model: textOf(search['model']),
    label: textOf(search['label']),
    log: flagOf(search['log']),
    heatmap: flagOf(search['heatmap']),
  }
}

/** As the API takes labels: others would be refused. */
const LABEL = /^([A-Za-z0-9][A-Za-z0-9._/-]{0,62})=(.{0,63})$/

/** The label that somebody has typed; undefined if it is none. */
export function labelOf(text: string | undefined): { key: string; value: string } | undefined {
  const [, key, value] = LABEL.exec(text?.trim() ?? '') ?? []
  return key === undefined || value === undefined ? undefined : { key, value }
}

/** Which deployments the page is about. A label that cannot exist filters nothing. */
export function fleetFilterOf({ model, label }: Pick<FleetSearch, 'model' | 'label'>): DeploymentFilter {
  const wanted = labelOf(label)
  return { ...(model ? { model } : {}), ...(wanted ? { labels: [wanted] } : {}) }
}

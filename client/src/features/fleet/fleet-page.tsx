import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { useCallback, useMemo, useRef } from 'react'
import { useQuery } from 'urql'
import { graphql } from '../../graphql/documents.ts'
import { buttonClass } from '../../ui/button.tsx'
import { useKeys } from '../../ui/keyboard.ts'
import { EmptyState } from '../../ui/message.tsx'
import { SearchField } from '../../ui/search-field.tsx'
import { useTitle } from '../../ui/title.ts'
import { totalsKey, useFleetStream } from '../deployments/use-fleet-stream.ts'
import { useTotalsFill } from '../deployments/use-sparkline-fill.ts'
import { useTimeRange } from '../history/use-time-range.ts'
import { ModelLink } from '../models/model-link.tsx'
import { ModelSelect } from '../models/model-select.tsx'
import { NAV } from '../shell/nav.ts'
import { QueryProblem } from '../shell/problem-pages.tsx'
import { fleetFilterOf, type FleetSearch, labelOf } from './fleet-search.ts'
import { GroupCharts } from './group-charts.tsx'
import { RankedList } from './ranked-list.tsx'
import type { RankedBy } from './ranking.ts'
import { useNames } from './use-names.ts'
import { useRankings } from './use-rankings.ts'

const FleetPageDocument = graphql(`
  query FleetPage($filter: DeploymentFilter) {
    deploymentCounts(filter: $filter) {
      total
      active
    }
    models(first: 100) {
      edges {
        node {
          id
          name
        }
      }
    }
  }
`)

const OVER_SECONDS = 60
const LISTS: readonly RankedBy[] = ['busiest', 'slowest', 'failing']

/** All deployments together over a range, and those among them that stand out now. */
export function FleetPage() {
  useTitle(NAV.fleet.title)
  const search = useSearch({ from: '/app/fleet' })
  const { model, label, log = false, heatmap = false } = search
  const navigate = useNavigate({ from: '/fleet' })
  const change = useCallback(
    (part: Partial<FleetSearch>) => void navigate({ search: (before) => ({ ...before, ...part }), replace: true }),
    [navigate],
  )
  const filter = useMemo(
    () => fleetFilterOf({ ...(model ? { model } : {}), ...(label ? { label } : {}) }),
    [model, label],
  )
  const track = totalsKey(filter)
  const root = useRef<HTMLDivElement>(null)
  const { lists, isHeld, add } = useRankings(track, root)
  const gaps = useFleetStream(filter, OVER_SECONDS, add)
  useTotalsFill(track, filter, gaps, OVER_SECONDS)
  const listed = useMemo(() => [...new Set(LISTS.flatMap((by) => lists?.[by] ?? []))], [lists])
  const names = useNames(listed)
  const control = useTimeRange()
  const [{ data, error }, again] = useQuery({ query: FleetPageDocument, variables: { filter } })
  const counts = data?.deploymentCounts
  const models = useMemo(() => {
    const known = data?.models.edges.map(({ node }) => node.name) ?? []
    return [...new Set([...known, ...(model ? [model] : [])])]
  }, [data, model])
  const move = (step: 1 | -1) => {
    const links = [...(root.current?.querySelectorAll<HTMLElement>('[data-row-link]') ?? [])]
    const current = links.findIndex((link) => link.closest('tr')?.contains(document.activeElement))
    links[current === -1 ? 0 : current + step]?.focus()
  }
  useKeys({ j: () => move(1), k: () => move(-1) })

  if (!data && error) return <QueryProblem error={error} onRetry={() => again({ requestPolicy: 'network-only' })} />
  const isFiltered = model !== undefined || label !== undefined
  if (counts?.total === 0 && !isFiltered) return <NothingDeployed />
  return (
    <div className="flex flex-col gap-5">
      <div className="flex flex-wrap items-center justify-between gap-x-4 gap-y-2">
        <div className="flex min-w-0 flex-wrap items-baseline gap-x-3">
          <h1 className="text-lg font-semibold">{NAV.fleet.title}</h1>
          <p data-figures className="text-muted">
            {counts && `${counts.active} active of ${counts.total}`}
          </p>
          {model && <ModelLink name={model} className="truncate text-text underline" />}
        </div>
        <div className="flex flex-1 flex-wrap items-center justify-end gap-2 max-sm:basis-full">
          <ModelSelect
            models={models}
            model={model}
            onChange={(model) => change({ model })}
            className="max-sm:flex-1"
          />
          <SearchField
            label="Label, as key=value"
            value={label ?? ''}
            onChange={(text) => change({ label: text.trim() || undefined })}
          />
        </div>
        {label !== undefined && !labelOf(label) && (
          <p role="status" className="w-full text-right text-xs text-warn">
            “{label}” is no label, so nothing is filtered by it. Labels are written as key=value, such as env=prod.
          </p>
        )}
      </div>
      <GroupCharts
        key={track}
        subject={{ kind: 'fleet', filter }}
        name={['fleet', model, label].filter(Boolean).join(' ')}
        control={control}
        track={track}
        idle={counts?.active === 0 ? 'Nothing is active: no samples are recorded' : ''}
        choices={{
          log,
          heatmap,
          onLog: (next) => change({ log: next ? true : undefined }),
          onHeatmap: (next) => change({ heatmap: next ? true : undefined }),
        }}
      />
      <div ref={root} className="flex flex-col gap-2">
        <p role="status" className="text-xs text-muted">
          {isHeld
            ? 'The order is held while the pointer or the focus is on a row.'
            : 'The last minute, live. Sorted every 10 seconds; rows move only for differences above 5 %.'}
        </p>
        <div className="grid grid-cols-[repeat(auto-fit,minmax(min(100%,21.5rem),1fr))] gap-x-6 gap-y-6">
          {LISTS.map((by) => (
            <RankedList key={by} by={by} ids={counts?.active === 0 ? NO_IDS : lists?.[by]} names={names} />
          ))}
        </div>
      </div>
    </div>
  )
}

const NO_IDS: readonly string[] = []

function NothingDeployed() {
  return (
    <EmptyState
      title="Nothing is deployed yet"
      action={
        <Link to="/training-jobs" search={{ status: 'COMPLETED' }} className={buttonClass('primary')}>
          Completed training jobs
        </Link>
      }
    >
      Once a training job is deployed, its metrics and those of all others together appear here.
    </EmptyState>
  )
}

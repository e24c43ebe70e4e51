import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { useCallback, useMemo } from 'react'
import { useQuery } from 'urql'
import { graphql } from '../../graphql/documents.ts'
import { CopyId } from '../../ui/copy-id.tsx'
import { Skeleton, TitleSkeleton } from '../../ui/skeleton.tsx'
import { useTitle } from '../../ui/title.ts'
import { totalsKey, useFleetStream } from '../deployments/use-fleet-stream.ts'
import { useSparklineFill } from '../deployments/use-sparkline-fill.ts'
import { GroupCharts } from '../fleet/group-charts.tsx'
import { useTimeRange } from '../history/use-time-range.ts'
import { QueryProblem } from '../shell/problem-pages.tsx'
import { ComparedCharts } from './compared-charts.tsx'
import { DEFAULT_PERCENTILE, type ModelSearch, versionsOf, versionsText } from './model-search.ts'
import { VersionsTable } from './versions-table.tsx'

const ModelPageDocument = graphql(`
  query ModelPage($name: String!) {
    model(name: $name) {
      id
      name
      description
      latestVersion
      deployments(first: 100) {
        totalCount
        edges {
          node {
            id
            version
            status
            ...VersionsTable_deployment
          }
        }
      }
    }
  }
`)

const OVER_SECONDS = 60
/** More are listed once a person asks for them, so that the charts stay near. */
const LISTED = 6

/** A model: its figures over a range, and its versions, which can be compared. */
export function ModelPage() {
  const { name } = useParams({ from: '/app/models/$name' })
  const search = useSearch({ from: '/app/models/$name' })
  const navigate = useNavigate({ from: '/models/$name' })
  const change = useCallback(
    (part: Partial<ModelSearch>) =>
      void navigate({ search: (before) => ({ ...before, ...part }), replace: true, resetScroll: false }),
    [navigate],
  )
  const [{ data, error, fetching }, again] = useQuery({ query: ModelPageDocument, variables: { name } })
  const model = data?.model
  useTitle(model?.name ?? 'Model')
  const filter = useMemo(() => ({ model: name }), [name])
  const gaps = useFleetStream(filter, OVER_SECONDS)
  const control = useTimeRange()

  const edges = model?.deployments.edges
  const deployments = useMemo(() => edges?.map(({ node }) => node) ?? [], [edges])
  const active = deployments.filter(({ status }) => status === 'ACTIVE')
  const chosen = useMemo(() => versionsOf(search.versions), [search.versions])
  const compared = useMemo(
    () =>
      chosen.flatMap((version) => {
        const found = deployments.find((one) => one.version === version)
        return found ? [{ id: found.id, version }] : []
      }),
    [chosen, deployments],
  )
  const onChoose = useCallback(
    (version: string, isChosen: boolean) =>
      change({ versions: versionsText(isChosen ? [...chosen, version] : chosen.filter((one) => one !== version)) }),
    [change, chosen],
  )
  const sort = useMemo(
    () => (search.sort ? { column: search.sort, descending: search.dir === 'desc' } : undefined),
    [search.sort, search.dir],
  )
  const listed = useMemo(
    () =>
      search.all || deployments.length <= LISTED + 1
        ? deployments
        : deployments.filter(({ version }, index) => index < LISTED || chosen.includes(version)),
    [deployments, search.all, chosen],
  )
  useSparklineFill(
    listed.filter(({ status }) => status === 'ACTIVE').map(({ id }) => id),
    gaps,
    OVER_SECONDS,
  )

  if (!model) {
    if (!error && (fetching || !data)) return <PageSkeleton />
    return <QueryProblem error={error} what="model" onRetry={() => again({ requestPolicy: 'network-only' })} />
  }
  const { log = false, heatmap = false, percentile = DEFAULT_PERCENTILE } = search
  const onLog = (next: boolean) => change({ log: next ? true : undefined })
  const { totalCount } = model.deployments
  const hidden = deployments.length - listed.length
  return (
    <div className="flex flex-col gap-6">
      <header className="min-w-0">
        <h1 translate="no" className="text-lg leading-7 font-semibold wrap-anywhere">
          {model.name}
        </h1>
        <div className="mt-1 flex flex-wrap items-center gap-x-4 gap-y-1 text-muted">
          {model.latestVersion != null && (
            <span>
              latest{' '}
              <span translate="no" className="text-text">
                {model.latestVersion}
              </span>
            </span>
          )}
          <Link to="/deployments" search={{ model: name }} className="text-text hover:underline">
            {totalCount === 1 ? '1 deployment' : `${totalCount} deployments`}
          </Link>
          <Link to="/training-jobs" search={{ model: name }} className="text-text hover:underline">
            Training jobs
          </Link>
          <CopyId id={model.id} className="max-w-48" />
        </div>
        {model.description && <p className="mt-1 max-w-prose wrap-anywhere text-muted">{model.description}</p>}
      </header>
      <section aria-labelledby="versions" className="flex flex-col gap-2">
        <div className="flex flex-wrap items-baseline justify-between gap-x-4">
          <h2 id="versions" className="font-medium">
            Versions
          </h2>
          <p className="flex gap-x-3 text-xs text-muted">
            {chooseWords(compared.length)}
            {chosen.length > 0 && (
              <button type="button" className="text-text underline" onClick={() => change({ versions: undefined })}>
                Choose none
              </button>
            )}
          </p>
        </div>
        <VersionsTable
          deployments={listed}
          chosen={chosen}
          onChoose={onChoose}
          sort={sort}
          onSort={(column, descending) => change({ sort: column, dir: descending ? 'desc' : undefined })}
        />
        {(hidden > 0 || search.all) && (
          <p>
            <button
              type="button"
              className="text-muted underline hover:text-text"
              onClick={() => change({ all: search.all ? undefined : true })}
            >
              {search.all ? 'Show only the newest' : `Show ${hidden} older`}
            </button>
          </p>
        )}
        {totalCount > deployments.length && (
          <p className="text-muted">
            These are the newest {deployments.length} of {totalCount} versions.
          </p>
        )}
      </section>
      {compared.length > 1 ? (
        <ComparedCharts
          key={`${name} ${compared.map(({ id }) => id).join(' ')}`}
          model={name}
          versions={compared}
          control={control}
          log={log}
          percentile={percentile}
          onLog={onLog}
          onPercentile={(one) => change({ percentile: one === DEFAULT_PERCENTILE ? undefined : one })}
          onFirst={(version) =>
            change({ versions: versionsText([version, ...chosen.filter((one) => one !== version)]) })
          }
        />
      ) : (
        <GroupCharts
          key={name}
          subject={{ kind: 'model', name }}
          name={name}
          control={control}
          track={totalsKey(filter)}
          idle={active.length > 0 ? '' : 'No version is active: no samples are recorded'}
          choices={{
            log,
            heatmap,
            onLog,
            onHeatmap: (next) => change({ heatmap: next ? true : undefined }),
          }}
        />
      )}
    </div>
  )
}

function chooseWords(count: number): string {
  if (count === 0) return 'Choose two or more to compare them. The charts show all versions together.'
  if (count === 1) return 'Choose another one to compare them.'
  return 'The charts below compare them.'
}

function PageSkeleton() {
  return (
    <div aria-busy="true" role="status" aria-label="Loading" className="flex flex-col gap-6">
      <TitleSkeleton />
      <div className="flex flex-col gap-2">
        <Skeleton className="h-4 w-24" />
        {Array.from({ length: 4 }, (_, index) => (
          <div key={index} className="flex h-8 items-center border-t border-line">
            <Skeleton className="h-3 w-full" />
          </div>
        ))}
      </div>
      <Skeleton className="h-96 w-full rounded-lg" />
    </div>
  )
}

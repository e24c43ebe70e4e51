import { useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { useMemo } from 'react'
import { useQuery } from 'urql'
import { graphql, readFragment } from '../../graphql/documents.ts'
import { cx } from '../../ui/class-names.ts'
import { Skeleton } from '../../ui/skeleton.tsx'
import { QueryProblem } from '../shell/problem-pages.tsx'
import { SourceFragment } from '../sources/source-document.ts'
import { sourceTrouble } from '../sources/source-line.tsx'
import { DeploymentCharts } from './deployment-charts.tsx'
import { DeploymentHeader } from './deployment-header.tsx'
import type { DeploymentSearch } from './deployment-search.ts'
import { EventSentence, EventSentenceFragment } from './event-sentence.tsx'

const DeploymentPageDocument = graphql(`
  query DeploymentPage($id: ID!) {
    deployment(id: $id) {
      id
      status
      version
      model {
        id
        name
      }
      ...DeploymentHeader_deployment
      ...Source_deployment
      events(first: 20) {
        edges {
          node {
            id
            ...EventSentence_event
          }
        }
      }
    }
  }
`)

/** One deployment: its current figures, its history and its events. */
export function DeploymentPage() {
  const { id } = useParams({ from: '/app/deployments/$id' })
  const { log = false, heatmap = false } = useSearch({ from: '/app/deployments/$id' })
  const navigate = useNavigate({ from: '/deployments/$id' })
  const change = (part: DeploymentSearch) =>
    void navigate({ search: (before) => ({ ...before, ...part }), replace: true })
  const [{ data, error, fetching }, again] = useQuery({ query: DeploymentPageDocument, variables: { id } })
  const deployment = data?.deployment
  const source = deployment && readFragment(SourceFragment, deployment).source
  const edges = deployment?.events.edges
  const events = useMemo(() => edges?.map(({ node }) => readFragment(EventSentenceFragment, node)) ?? [], [edges])

  if (!deployment && (error || (data && !fetching))) {
    return <QueryProblem error={error} what="deployment" onRetry={() => again({ requestPolicy: 'network-only' })} />
  }
  return (
    <div className="flex flex-col gap-5">
      {deployment ? <DeploymentHeader deployment={deployment} /> : <HeaderSkeleton />}
      <DeploymentCharts
        key={id}
        id={id}
        name={deployment ? `${deployment.model.name} ${deployment.version}` : ''}
        active={deployment?.status !== 'PAUSED'}
        trouble={source ? sourceTrouble(source) : ''}
        events={events}
        choices={{
          log,
          heatmap,
          onLog: (next) => change({ log: next ? true : undefined }),
          onHeatmap: (next) => change({ heatmap: next ? true : undefined }),
        }}
      />
      <section aria-labelledby="events">
        <h2 id="events" className="mb-2 font-medium">
          Events
        </h2>
        <ol className="flex flex-col gap-1">
          {deployment?.events.edges.map(({ node }) => (
            <li key={node.id}>
              <EventSentence event={node} />
            </li>
          ))}
        </ol>
      </section>
    </div>
  )
}

function HeaderSkeleton() {
  return (
    <div aria-busy="true" className="flex flex-wrap items-start justify-between gap-x-6 gap-y-3">
      <div className="w-96 max-w-full">
        <div className="flex h-7 items-center">
          <Skeleton className="h-4 w-72" />
        </div>
        {/* Two lines on a desktop, four on a phone. */}
        {['', '', 'sm:hidden', 'sm:hidden'].map((only, index) => (
          <div key={index} className={cx('mt-1 flex h-5 items-center', only)}>
            <Skeleton className="h-3 w-full" />
          </div>
        ))}
      </div>
      <div className="flex gap-2">
        <Skeleton className="h-8 w-22" />
        <Skeleton className="h-8 w-20" />
      </div>
    </div>
  )
}

import { Link } from '@tanstack/react-router'
import { type ReactNode, useId } from 'react'
import { cx } from '../../ui/class-names.ts'
import { Skeleton } from '../../ui/skeleton.tsx'
import { ErrorCell, LatencyCell, RateCell } from '../deployments/live-cells.tsx'
import { ModelLink } from '../models/model-link.tsx'
import type { RankedBy } from './ranking.ts'
import type { DeploymentName } from './use-names.ts'
import { MOST_RANKED } from './use-rankings.ts'

const WORDS: Record<RankedBy, { title: string; empty: string }> = {
  busiest: { title: 'Busiest', empty: 'No requests finished in the last minute.' },
  slowest: { title: 'Slowest by p95', empty: 'None had enough requests for a p95 in the last minute.' },
  failing: { title: 'Errors first', empty: 'No request failed in the last minute.' },
}

interface RankedListProps {
  by: RankedBy
  /** In order; undefined while they are loading. */
  ids: readonly string[] | undefined
  names: ReadonlyMap<string, DeploymentName>
}

/** The ten deployments that are first by one figure of the last minute. Their figures are live. */
export function RankedList({ by, ids, names }: RankedListProps) {
  const headingId = useId()
  const { title, empty } = WORDS[by]
  return (
    <section aria-labelledby={headingId}>
      <h2 id={headingId} className="font-medium">
        {title}
      </h2>
      <table aria-labelledby={headingId} className="w-full table-fixed border-collapse text-left">
        <colgroup>
          <col />
          <col style={{ width: 68 }} />
          <col style={{ width: 84 }} />
          <col style={{ width: 68 }} />
        </colgroup>
        <thead>
          <tr className="h-8 text-xs text-muted">
            <th scope="col" className="font-medium">
              Deployment
            </th>
            <Head isFirst={by === 'busiest'}>Req/s</Head>
            <Head isFirst={by === 'slowest'}>p95</Head>
            <Head isFirst={by === 'failing'}>Err, %</Head>
          </tr>
        </thead>
        <tbody>
          {ids?.map((id) => (
            <Row key={id} id={id} name={names.get(id)} />
          ))}
          {ids?.length === 0 && (
            <tr className="h-8 border-t border-line text-muted">
              <td colSpan={4}>{empty}</td>
            </tr>
          )}
          {!ids && <SkeletonRows />}
        </tbody>
      </table>
    </section>
  )
}

function Head({ isFirst, children }: { isFirst: boolean; children: ReactNode }) {
  return (
    <th
      scope="col"
      aria-sort={isFirst ? 'descending' : undefined}
      className={cx('px-2 text-right font-medium whitespace-nowrap', isFirst && 'text-text')}
    >
      {children}
      {isFirst && <span aria-hidden="true"> ↓</span>}
    </th>
  )
}

function Row({ id, name }: { id: string; name: DeploymentName | undefined }) {
  return (
    <tr data-id={id} className="h-8 border-t max-md:h-13 border-line focus-within:bg-hover hover:bg-hover">
      <td className="pr-2">
        {name ? (
          <span className="flex min-w-0 gap-x-2 max-md:flex-col max-md:items-start">
            <ModelLink name={name.model} className="max-w-full truncate" />
            <Link
              to="/deployments/$id"
              params={{ id }}
              data-row-link
              translate="no"
              aria-label={`${name.model} ${name.version}`}
              className="shrink-0 text-muted hover:underline max-md:text-xs"
            >
              {name.version}
            </Link>
          </span>
        ) : (
          <Skeleton className="h-3 w-3/4" />
        )}
      </td>
      <td className="px-2 text-right">
        <RateCell id={id} active />
      </td>
      <td className="px-2 text-right">
        <LatencyCell id={id} active figure="p95Ms" />
      </td>
      <td className="px-2 text-right">
        <ErrorCell id={id} active />
      </td>
    </tr>
  )
}

function SkeletonRows() {
  return Array.from({ length: MOST_RANKED }, (_, index) => (
    <tr key={index} aria-hidden="true" className="h-8 max-md:h-13 border-t border-line">
      <td colSpan={4}>
        <Skeleton className="h-3 w-full" />
      </td>
    </tr>
  ))
}

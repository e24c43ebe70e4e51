import { useMemo } from 'react'
import type { ColumnLayout } from '../../ui/data-table.tsx'
import { fittingColumns } from '../../ui/fitting-columns.ts'
import { useMedia } from '../../ui/media.ts'
import { DEPLOYMENT_COLUMNS, type DeploymentColumn } from './deployments-search.ts'

export const COLUMN_WORDS: Record<DeploymentColumn, string> = {
  model: 'Model',
  version: 'Version',
  status: 'Status',
  p50Ms: 'p50',
  p95Ms: 'p95',
  p99Ms: 'p99',
  requestsPerSecond: 'Requests/s',
  errorRate: 'Errors, %',
  trend: 'p95, 2 min',
  source: 'Source',
  age: 'Age',
}

/** The order in which columns leave a table that is too narrow for all. */
const LEAVING: readonly DeploymentColumn[] = ['source', 'p50Ms', 'age', 'trend', 'p99Ms', 'version']
const PHONE_COLUMNS: readonly DeploymentColumn[] = ['model', 'p95Ms', 'requestsPerSecond']

/** How the table of deployments is laid out. */
export interface DeploymentColumns {
  layout: Record<DeploymentColumn, ColumnLayout>
  shown: readonly DeploymentColumn[]
  /** Columns that the person wants to see and for which the table is too narrow. */
  withoutRoom: readonly DeploymentColumn[]
  phone: boolean
  /** The width of a sparkline, in px. */
  sparkline: number
}

/** `width` is the table's, in px. The column that the table is sorted by stays. */
export function useDeploymentColumns(
  hidden: readonly string[],
  sorted: DeploymentColumn | undefined,
  width: number,
): DeploymentColumns {
  const wide = useMedia('(min-width: 1200px)')
  const phone = useMedia('(max-width: 767px)')
  return useMemo(() => {
    const layout = phone ? PHONE : wide ? WIDE : MEDIUM
    const wanted = phone ? PHONE_COLUMNS : DEPLOYMENT_COLUMNS.filter((column) => !hidden.includes(column))
    const leaving = phone ? [] : LEAVING.filter((column) => column !== sorted)
    const shown = fittingColumns(wanted, layout, leaving, width)
    const withoutRoom = wanted.filter((column) => !shown.includes(column))
    return { layout, shown, withoutRoom, phone, sparkline: (layout.trend.width ?? 0) - 16 }
  }, [wide, phone, hidden, sorted, width])
}

function layoutFor(wide: boolean, phone: boolean): Record<DeploymentColumn, ColumnLayout> {
  const figure = { align: 'right', largestFirst: true } as const
  const latency = wide ? 96 : phone ? 84 : 76
  return {
    model: { title: COLUMN_WORDS.model, least: 144 },
    version: { title: COLUMN_WORDS.version, width: wide ? 88 : 72 },
    source: { title: COLUMN_WORDS.source, width: 104 },
    status: { title: COLUMN_WORDS.status, width: wide ? 136 : 120 },
    p50Ms: { title: 'p50', width: latency, ...figure },
    p95Ms: { title: 'p95', width: latency, ...figure },
    p99Ms: { title: 'p99', width: latency, ...figure },
    requestsPerSecond: { title: wide ? COLUMN_WORDS.requestsPerSecond : 'Req/s', width: wide ? 104 : 68, ...figure },
    errorRate: { title: wide ? COLUMN_WORDS.errorRate : 'Err, %', width: wide ? 92 : 72, ...figure },
    trend: { title: COLUMN_WORDS.trend, width: wide ? 160 : 96, sortable: false },
    age: { title: COLUMN_WORDS.age, width: 60, align: 'right' },
  }
}

const WIDE = layoutFor(true, false)
const MEDIUM = layoutFor(false, false)
const PHONE = layoutFor(false, true)

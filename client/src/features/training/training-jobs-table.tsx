import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { type ReactNode, useCallback, useMemo } from 'react'
import { type FragmentType, graphql, readFragment } from '../../graphql/documents.ts'
import type { TrainingJobsTable_TrainingJobFragment } from '../../graphql/gql/graphql.ts'
import { serverNow, useClock } from '../../live/clock.ts'
import { type Column, type ColumnLayout, DataTable } from '../../ui/data-table.tsx'
import { anySize, duration, moment, NO_DATA, percent } from '../../ui/format.ts'
import { fittingColumns, useWidth } from '../../ui/fitting-columns.ts'
import { useMedia } from '../../ui/media.ts'
import { ROW_LINK, RowName } from '../../ui/row-name.tsx'
import { byNumber, byText } from '../../ui/table-sorting.ts'
import { Value } from '../../ui/value.tsx'
import { ModelLink } from '../models/model-link.tsx'
import { DeployButton } from './deploy-button.tsx'
import { JobStatus } from './job-status.tsx'
import { TRAINING_COLUMNS, TRAINING_STATUSES, type TrainingColumn } from './training-search.ts'

const TrainingJobsTableFragment = graphql(`
  fragment TrainingJobsTable_trainingJob on TrainingJob {
    id
    name
    status
    progress
    finalLoss
    finalAccuracy
    createdAt
    startedAt
    finishedAt
    model {
      id
      name
    }
    ...DeployButton_trainingJob
  }
`)

type Job = TrainingJobsTable_TrainingJobFragment
type Row = { id: string; job: Job }

type Shown = TrainingColumn | 'deploy'

const LAYOUT: Record<Shown, ColumnLayout> = {
  name: { title: 'Job', least: 128 },
  model: { title: 'Model', least: 128 },
  status: { title: 'Status', width: 184 },
  loss: { title: 'Final loss', width: 84, align: 'right' },
  accuracy: { title: 'Accuracy, %', width: 96, align: 'right', largestFirst: true },
  duration: { title: 'Duration', width: 100, align: 'right', largestFirst: true },
  finished: { title: 'Finished', width: 112, align: 'right', largestFirst: true },
  deploy: { title: 'Deploy', width: 188, align: 'right', sortable: false },
}

const PHONE_LAYOUT: Record<Shown, ColumnLayout> = { ...LAYOUT, deploy: { ...LAYOUT.deploy, width: 128 } }
const ALL: readonly Shown[] = [...TRAINING_COLUMNS, 'deploy']
const PHONE: readonly Shown[] = ['name', 'deploy']
/** The order in which columns leave a table that is too narrow for all. */
const LEAVING: readonly Shown[] = ['duration', 'accuracy', 'finished', 'loss', 'model']

interface TrainingJobsTableProps {
  jobs: readonly FragmentType<typeof TrainingJobsTableFragment>[]
  sort: { column: TrainingColumn; descending: boolean } | undefined
  onSort: (column: TrainingColumn, descending: boolean) => void
  empty: ReactNode
}

export function TrainingJobsTable({ jobs, sort, onSort, empty }: TrainingJobsTableProps) {
  const navigate = useNavigate()
  const phone = useMedia('(max-width: 767px)')
  const [root, width] = useWidth()
  const sorted = sort?.column
  const shown = useMemo(
    () =>
      phone
        ? PHONE
        : fittingColumns(
            ALL,
            LAYOUT,
            LEAVING.filter((column) => column !== sorted),
            width,
          ),
    [phone, sorted, width],
  )
  const rows = useMemo(
    () =>
      jobs.map((masked): Row => {
        const job = readFragment(TrainingJobsTableFragment, masked)
        return { id: job.id, job }
      }),
    [jobs],
  )
  const open = useCallback(({ id }: Row) => void navigate({ to: '/training-jobs/$id', params: { id } }), [navigate])
  return (
    <div ref={root}>
      <DataTable
        label="Training jobs"
        rows={rows}
        columns={phone ? PHONE_COLUMNS : COLUMNS}
        layout={phone ? PHONE_LAYOUT : LAYOUT}
        shown={shown}
        rowHeight={phone ? 56 : 32}
        sort={sort}
        onSort={(column, descending) => {
          const name = TRAINING_COLUMNS.find((one) => one === column)
          if (name) onSort(name, descending)
        }}
        onOpen={open}
        marked={undefined}
        empty={empty}
      />
    </div>
  )
}

function columnsFor(phone: boolean): Column<Row>[] {
  return [
    {
      id: 'name',
      accessorFn: ({ job }) => job.name,
      sortFn: byText,
      cell: ({ row }) => <NameCell job={row.original.job} phone={phone} />,
    },
    {
      id: 'model',
      accessorFn: ({ job }) => job.model.name,
      sortFn: byText,
      cell: ({ row }) => <ModelLink name={row.original.job.model.name} />,
    },
    {
      id: 'status',
      accessorFn: ({ job }) => TRAINING_STATUSES.indexOf(job.status),
      sortFn: byNumber,
      cell: ({ row }) => <JobStatus status={row.original.job.status} progress={row.original.job.progress} />,
    },
    {
      id: 'loss',
      accessorFn: ({ job }) => job.finalLoss ?? undefined,
      sortUndefined: 'last',
      sortFn: byNumber,
      cell: ({ row }) => <Value>{anySize(row.original.job.finalLoss)}</Value>,
    },
    {
      id: 'accuracy',
      accessorFn: ({ job }) => job.finalAccuracy ?? undefined,
      sortUndefined: 'last',
      sortFn: byNumber,
      cell: ({ row }) => <Value>{percent(row.original.job.finalAccuracy)}</Value>,
    },
    {
      id: 'duration',
      accessorFn: ({ job: { startedAt, finishedAt } }) =>
        startedAt ? Date.parse(finishedAt ?? FAR) - Date.parse(startedAt) : undefined,
      sortUndefined: 'last',
      sortFn: byNumber,
      cell: ({ row }) => <Duration job={row.original.job} />,
    },
    {
      id: 'finished',
      accessorFn: ({ job }) => (job.finishedAt ? Date.parse(job.finishedAt) : undefined),
      sortUndefined: 'last',
      sortFn: byNumber,
      cell: ({ row }) => <Finished at={row.original.job.finishedAt} />,
    },
    { id: 'deploy', cell: ({ row }) => <DeployCell job={row.original.job} /> },
  ]
}

/** Whether its dialog is open is in the address. */
function DeployCell({ job }: { job: Job }) {
  const isAsking = useSearch({ from: '/app/training-jobs', select: ({ deploy }) => deploy === job.id })
  const navigate = useNavigate({ from: '/training-jobs' })
  const onAsk = (next: boolean) =>
    void navigate({ search: (before) => ({ ...before, deploy: next ? job.id : undefined }), replace: true })
  return <DeployButton job={job} small isAsking={isAsking} onAsk={onAsk} />
}

/** Sorts running jobs after all finished ones. */
const FAR = '9999-01-01T00:00:00Z'

function NameCell({ job, phone }: { job: Job; phone: boolean }) {
  return (
    <RowName
      link={
        <Link to="/training-jobs/$id" params={{ id: job.id }} title={job.name} {...ROW_LINK}>
          {job.name}
        </Link>
      }
      below={phone && <JobStatus status={job.status} progress={job.progress} />}
    />
  )
}

function Duration({ job }: { job: Job }) {
  const text = useClock((now) => {
    if (!job.startedAt) return NO_DATA
    const end = job.finishedAt ? Date.parse(job.finishedAt) : serverNow(now)
    return duration(end - Date.parse(job.startedAt))
  })
  return <Value>{text}</Value>
}

function Finished({ at }: { at: string | null | undefined }) {
  if (!at) return <Value>{NO_DATA}</Value>
  return (
    <time dateTime={at} className="text-muted">
      {moment(new Date(at))}
    </time>
  )
}

const COLUMNS = columnsFor(false)
const PHONE_COLUMNS = columnsFor(true)

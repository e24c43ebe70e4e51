import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { useQuery, useSubscription } from 'urql'
import { codeOf } from '../../graphql/client.ts'
import { graphql } from '../../graphql/documents.ts'
import type { JobProgressSubscription, TrainingJobPageQuery } from '../../graphql/gql/graphql.ts'
import { serverNow, useClock } from '../../live/clock.ts'
import { cx } from '../../ui/class-names.ts'
import { CopyId } from '../../ui/copy-id.tsx'
import { anySize, duration, moment, NO_DATA, percent } from '../../ui/format.ts'
import { Labels } from '../../ui/labels.tsx'
import { Problem } from '../../ui/message.tsx'
import { Skeleton, TitleSkeleton } from '../../ui/skeleton.tsx'
import { Status } from '../../ui/status.tsx'
import { useTitle } from '../../ui/title.ts'
import { useMay } from '../session/scopes.ts'
import { ModelLink } from '../models/model-link.tsx'
import { QueryProblem } from '../shell/problem-pages.tsx'
import { CancelButton } from './cancel-button.tsx'
import { DeployButton } from './deploy-button.tsx'
import { JobStatus } from './job-status.tsx'
import { LossChart } from './loss-chart.tsx'

const TrainingJobPageDocument = graphql(`
  query TrainingJobPage($id: ID!) {
    trainingJob(id: $id) {
      id
      name
      status
      progress
      simulated
      framework
      dataset
      hyperparameters
      finalLoss
      finalAccuracy
      failureReason
      externalId
      labels {
        key
        value
      }
      createdAt
      createdBy
      startedAt
      finishedAt
      model {
        id
        name
      }
      lossCurve(maxPoints: 400) {
        ...LossChart_step
      }
      deployments(first: 50) {
        edges {
          node {
            id
            version
            status
            createdAt
            createdBy
          }
        }
      }
      ...DeployButton_trainingJob
    }
  }
`)

const JobProgressDocument = graphql(`
  subscription JobProgress($id: ID!) {
    trainingJobProgress(trainingJobId: $id) {
      trainingJob {
        id
        ...TrainingJobsTable_trainingJob
        failureReason
      }
      newSteps {
        ...LossChart_step
      }
    }
  }
`)

type Job = NonNullable<TrainingJobPageQuery['trainingJob']>

const MOST_LIVE_STEPS = 500

/** The newest message, with the steps of those before it: several may arrive before the page is rendered. */
function addSteps(before: JobProgressSubscription | undefined, now: JobProgressSubscription): JobProgressSubscription {
  const { newSteps = [] } = before?.trainingJobProgress ?? {}
  const { trainingJobProgress } = now
  const steps = [...newSteps, ...trainingJobProgress.newSteps].slice(-MOST_LIVE_STEPS)
  return { ...now, trainingJobProgress: { ...trainingJobProgress, newSteps: steps } }
}

/** One training job: its progress or result, its inputs, and its deployments. */
export function TrainingJobPage() {
  const { id } = useParams({ from: '/app/training-jobs/$id' })
  // What is known of one job is not shown for another.
  return <JobPage key={id} id={id} />
}

function JobPage({ id }: { id: string }) {
  const { log = false, deploy = false } = useSearch({ from: '/app/training-jobs/$id' })
  const navigate = useNavigate({ from: '/training-jobs/$id' })
  const [{ data, error, fetching }, again] = useQuery({ query: TrainingJobPageDocument, variables: { id } })
  const [progress] = useSubscription({ query: JobProgressDocument, variables: { id } }, addSteps)
  const wasDeleted = codeOf(progress.error) === 'NOT_FOUND'
  const job = wasDeleted ? undefined : data?.trainingJob
  const mayTrain = useMay('TRAIN')
  useTitle(job?.name ?? 'Training job')

  if (!job) {
    if (!wasDeleted && !error && (fetching || !data)) return <PageSkeleton />
    return <QueryProblem error={error} what="training job" onRetry={() => again({ requestPolicy: 'network-only' })} />
  }
  return (
    <div className="flex flex-col gap-6">
      <header className="flex flex-wrap items-start justify-between gap-x-6 gap-y-3">
        <div className="min-w-0">
          <h1 translate="no" className="text-lg leading-7 font-semibold wrap-anywhere">
            {job.name}
          </h1>
          <div className="mt-1 flex flex-wrap items-center gap-x-4 gap-y-1 text-muted">
            <span className="text-text">
              <JobStatus status={job.status} progress={job.progress} />
            </span>
            <span className="min-w-0 wrap-anywhere">
              of <ModelLink name={job.model.name} className="text-text" />
            </span>
            <CopyId id={job.id} className="max-w-48" />
          </div>
        </div>
        <div className="flex items-center gap-2">
          {mayTrain && (job.status === 'RUNNING' || job.status === 'QUEUED') && <CancelButton id={job.id} />}
          <DeployButton
            job={job}
            isAsking={deploy}
            onAsk={(next) =>
              void navigate({ search: (before) => ({ ...before, deploy: next || undefined }), replace: true })
            }
          />
        </div>
      </header>
      {job.failureReason && <Problem>{job.failureReason}</Problem>}
      <div className="grid gap-6 lg:grid-cols-[1fr_20rem]">
        <LossChart
          steps={job.lossCurve}
          live={progress.data?.trainingJobProgress.newSteps}
          log={log}
          onLog={(next) =>
            void navigate({ search: (before) => ({ ...before, log: next || undefined }), replace: true })
          }
        />
        <Details job={job} />
      </div>
      <Deployments job={job} />
    </div>
  )
}

function PageSkeleton() {
  return (
    <div aria-busy="true" role="status" aria-label="Loading" className="flex flex-col gap-6">
      <TitleSkeleton />
      <div className="grid gap-6 lg:grid-cols-[1fr_20rem]">
        <div>
          <Skeleton className="mt-1 mb-3 h-3 w-12" />
          <div className="h-79 rounded-lg border border-line bg-surface" />
        </div>
        <div className="flex flex-col gap-3 pt-8">
          {Array.from({ length: 10 }, (_, index) => (
            <Skeleton key={index} className="h-3 w-full" />
          ))}
        </div>
      </div>
    </div>
  )
}

function Details({ job }: { job: Job }) {
  const took = useClock((now) => {
    if (!job.startedAt) return NO_DATA
    return duration((job.finishedAt ? Date.parse(job.finishedAt) : serverNow(now)) - Date.parse(job.startedAt))
  })
  const when = (at: string | null | undefined) => (at ? moment(new Date(at)) : NO_DATA)
  return (
    <section aria-labelledby="details">
      <h2 id="details" className="mb-2 font-medium">
        Details
      </h2>
      <dl className="grid grid-cols-[8rem_1fr] gap-y-1">
        <Detail name="Final loss">
          <span translate="no">{anySize(job.finalLoss)}</span>
        </Detail>
        <Detail name="Final accuracy">{job.finalAccuracy == null ? NO_DATA : `${percent(job.finalAccuracy)} %`}</Detail>
        <Detail name="Duration">{took}</Detail>
        <Detail name="Registered">
          {when(job.createdAt)} by {job.createdBy}
        </Detail>
        <Detail name="Started">{when(job.startedAt)}</Detail>
        <Detail name="Finished">{when(job.finishedAt)}</Detail>
        <Detail name="Framework">{job.framework ?? NO_DATA}</Detail>
        <Detail name="Dataset">{job.dataset ?? NO_DATA}</Detail>
        <Detail name="Run by">{job.simulated ? 'the simulator' : 'a third party'}</Detail>
        {job.externalId != null && (
          <Detail name="External ID">
            <code translate="no" className="font-mono text-xs">
              {job.externalId}
            </code>
          </Detail>
        )}
        {job.labels.length > 0 && (
          <Detail name="Labels">
            <Labels labels={job.labels} />
          </Detail>
        )}
        {entriesOf(job.hyperparameters).map(([name, value]) => (
          <Detail key={name} name={name}>
            <code translate="no" className="font-mono text-xs">
              {value}
            </code>
          </Detail>
        ))}
      </dl>
    </section>
  )
}

function Detail({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt className="truncate text-muted" title={name}>
        {name}
      </dt>
      <dd className="min-w-0 wrap-anywhere">{children}</dd>
    </>
  )
}

function Deployments({ job }: { job: Job }) {
  const { edges } = job.deployments
  return (
    <section aria-labelledby="deployments">
      <h2 id="deployments" className="mb-2 font-medium">
        Deployments
      </h2>
      {edges.length === 0 && <p className="text-muted">Not deployed yet.</p>}
      <ul className="flex flex-col">
        {edges.map(({ node }) => (
          <li
            key={node.id}
            className={cx('flex min-h-8 flex-wrap items-center gap-x-6 border-t border-line px-2 last:border-b')}
          >
            <Link
              to="/deployments/$id"
              params={{ id: node.id }}
              translate="no"
              className="w-20 font-medium hover:underline"
            >
              {node.version}
            </Link>
            <Status tone={node.status === 'ACTIVE' ? 'ok' : 'quiet'} className="w-20">
              {node.status === 'ACTIVE' ? 'Active' : 'Paused'}
            </Status>
            <span className="text-muted">
              deployed by {node.createdBy}, {moment(new Date(node.createdAt))}
            </span>
          </li>
        ))}
      </ul>
    </section>
  )
}

/** Hyperparameters can be any JSON. An object is shown entry by entry, anything else as it is. */
function entriesOf(value: unknown): [name: string, value: string][] {
  if (value === null || value === undefined) return []
  if (typeof value !== 'object' || Array.isArray(value)) return [['Hyperparameters', JSON.stringify(value)]]
  return Object.entries(value).map(([name, one]) => [name, typeof one === 'string' ? one : JSON.stringify(one)])
}

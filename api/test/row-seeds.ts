import type { DeploymentStatus, PrismaClient, TrainingJobStatus } from '@gaugeline/prisma'

/** A uuid that sorts by its number. */
export function uuid(kind: number, number: number): string {
  return `00000000-0000-7000-8${String(kind).padStart(3, '0')}-${String(number).padStart(12, '0')}`
}

export interface JobRow {
  id: string
  name: string
  createdAt: Date
  finishedAt: Date | null
  status: TrainingJobStatus
}

export interface DeploymentRow {
  id: string
  modelName: string
  versionNumber: number
  createdAt: Date
  statusChangedAt: Date
  status: DeploymentStatus
}

const noon = Date.UTC(2026, 10, 1, 12)
const minute = (number: number) => new Date(noon + number * 60_000)

/** Jobs of the model `paged`: groups of equal names, times and missing times, none in the order of the others. */
export async function seedJobs(prisma: PrismaClient, count: number): Promise<JobRow[]> {
  const model = await prisma.model.create({ data: { name: 'paged' } })
  const rows = Array.from({ length: count }, (_, index): JobRow => {
    const finishedAt = index % 4 === 0 ? null : minute((index * 7) % 5)
    return {
      id: uuid(1, (index * 11) % count),
      name: `job ${String.fromCharCode(97 + (index % 6))}`,
      createdAt: minute(Math.floor(index / 3)),
      finishedAt,
      status: finishedAt === null ? 'RUNNING' : 'COMPLETED',
    }
  })
  const common = { modelId: model.id, createdBy: 'seed' }
  await prisma.trainingJob.createMany({ data: rows.map((row) => ({ ...row, ...common, startedAt: row.createdAt })) })
  return rows
}

/** Deployments of three models, `count` of each from one job, that no recorder knows of. */
export async function seedDeployments(
  prisma: PrismaClient,
  count: number,
): Promise<{ deployments: DeploymentRow[]; jobs: JobRow[] }> {
  const deployments: DeploymentRow[] = []
  const jobs: JobRow[] = []
  for (const [m, modelName] of ['alpha', 'beta', 'gamma'].entries()) {
    const model = await prisma.model.create({ data: { name: modelName, deploymentCount: count } })
    const job: JobRow = {
      id: uuid(2, m),
      name: `job of ${modelName}`,
      createdAt: minute(-1),
      finishedAt: minute(0),
      status: 'COMPLETED',
    }
    const more = { modelId: model.id, createdBy: 'seed', startedAt: job.createdAt }
    await prisma.trainingJob.create({ data: { ...job, ...more } })
    jobs.push(job)
    const own = Array.from({ length: count }, (_, n): DeploymentRow => ({
      id: uuid(3, ((n + m * count) * 7) % (3 * count + 1)),
      modelName,
      versionNumber: n,
      createdAt: minute(Math.floor(n / 2)),
      statusChangedAt: minute((n * 5) % 4),
      status: n === 0 ? 'ACTIVE' : 'PAUSED',
    }))
    await prisma.deployment.createMany({
      data: own.map(({ modelName: _, ...row }) => ({
        ...row,
        modelId: model.id,
        trainingJobId: job.id,
        createdBy: 'seed',
      })),
    })
    deployments.push(...own)
  }
  return { deployments, jobs }
}

/** How many rows every table of the domain holds, and how many deployments are in which status. */
export async function rowCounts(prisma: PrismaClient): Promise<Record<string, unknown>> {
  return {
    models: await prisma.model.count(),
    jobs: await prisma.trainingJob.groupBy({ by: ['status'], _count: true, orderBy: { status: 'asc' } }),
    steps: await prisma.trainingStep.count(),
    deployments: await prisma.deployment.groupBy({ by: ['status'], _count: true, orderBy: { status: 'asc' } }),
    // Those of what is deleted are removed in the background.
    heads:
      await prisma.$queryRaw`select count(*)::int from sample_heads h join deployments d on d.key = h.deployment_key`,
    events: await prisma.deploymentEvent.count(),
    lastVersions: await prisma.model.aggregate({ _sum: { deploymentCount: true } }),
    lastEvent: await prisma.logState.findFirst({ select: { lastSequence: true } }),
  }
}

// Prisma as its documentation has it, over the driver that Gaugeline uses too.
// Started with one argument, JSON: { url }.
import { PrismaPg } from '@prisma/adapter-pg'
import client from '../../generated/client/index.js'

const { url } = JSON.parse(process.argv[2])
export const prisma = new client.PrismaClient({
  adapter: new PrismaPg({ connectionString: url, max: 10, options: '-c TimeZone=UTC' }),
})

/** Newest first. */
export const ORDER = [{ createdAt: 'desc' }, { id: 'desc' }]

export const versionOf = ({ versionNumber }) => `v1.${versionNumber}.0`

/** Whether another deployment of its job serves, which keeps a paused one from resuming. */
export async function canResume({ status, trainingJobId }) {
  if (status !== 'PAUSED') return false
  return (await prisma.deployment.count({ where: { trainingJobId, status: 'ACTIVE' } })) === 0
}

export const latencyOf = ({ p50Ms, p95Ms, p99Ms }) => (p50Ms === null ? null : { p50Ms, p95Ms, p99Ms })

export const historyOf = (deploymentId, { from, to, maxPoints }) => ({
  where: { deploymentId, at: { gte: from, lt: to } },
  orderBy: { at: 'asc' },
  take: maxPoints,
})

/** Deploys a completed job that has no active deployment; the error is a sentence. */
export async function deploy(trainingJobId, note) {
  return await prisma.$transaction(async (tx) => {
    const job = await tx.trainingJob.findUnique({ where: { id: trainingJobId } })
    if (job === null) return { error: 'There is no such job.' }
    if (job.status !== 'COMPLETED') return { error: 'The job is not completed.' }
    const active = await tx.deployment.findFirst({ where: { trainingJobId, status: 'ACTIVE' } })
    if (active !== null) return { error: 'The job is deployed.' }
    const { deploymentCount } = await tx.model.update({
      where: { id: job.modelId },
      data: { deploymentCount: { increment: 1 } },
    })
    const deployment = await tx.deployment.create({
      data: {
        modelId: job.modelId,
        trainingJobId,
        versionNumber: deploymentCount - 1,
        status: 'ACTIVE',
        note,
        createdBy: 'bench',
      },
    })
    await tx.deploymentEvent.create({ data: { kind: 'DEPLOYED', by: 'bench', note, deploymentId: deployment.id } })
    return { deployment }
  })
}

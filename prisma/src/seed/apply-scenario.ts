import type { Prisma } from '../generated/client/client.ts'
import type { Database } from '../open-database.ts'
import type { Scenario } from './demo-scenario.ts'

/**
 * Writes a scenario in one transaction.
 *
 * @throws Error when the database holds models already; nothing is written then.
 */
export async function applyScenario({ prisma }: Pick<Database, 'prisma'>, scenario: Scenario): Promise<void> {
  await prisma.$transaction(
    async (tx) => {
      // Of two servers that seed at once, the second waits here and then finds models.
      await tx.$executeRaw`LOCK TABLE models IN SHARE ROW EXCLUSIVE MODE`
      if ((await tx.model.findFirst({ select: { id: true } })) !== null) {
        throw new Error('The database holds models already: a scenario can only be written to an empty one.')
      }
      await tx.model.createMany({ data: scenario.models })
      await tx.trainingJob.createMany({ data: scenario.trainingJobs })
      await writeSteps(tx, scenario.trainingSteps)
      await tx.deployment.createMany({ data: scenario.deployments })
      await writeSampleHeads(tx, scenario.sampleHeads)
      await tx.deploymentEvent.createMany({ data: scenario.deploymentEvents })
      const lastSequence = scenario.deploymentEvents.at(-1)?.sequence ?? 0
      await tx.logState.update({ where: { id: 1 }, data: { lastSequence } })
    },
    { timeout: 60_000 },
  )
}

// Some thousand rows: arrays are several times faster than createMany.
async function writeSteps(tx: Prisma.TransactionClient, steps: Scenario['trainingSteps']): Promise<void> {
  await tx.$executeRaw`
    INSERT INTO training_steps (training_job_id, step, loss, accuracy, at, position)
    SELECT s.*, row_number() OVER (PARTITION BY id ORDER BY step) FROM unnest(
      ${steps.map((row) => row.trainingJobId)}::uuid[], ${steps.map((row) => row.step)}::int[],
      ${steps.map((row) => row.loss)}::float8[], ${steps.map((row) => row.accuracy)}::float8[],
      ${steps.map((row) => row.at.toISOString())}::timestamptz[]) AS s (id, step, loss, accuracy, at)`
  await tx.$executeRaw`
    UPDATE training_jobs SET step_count = (SELECT count(*) FROM training_steps WHERE training_job_id = training_jobs.id)`
}

async function writeSampleHeads(tx: Prisma.TransactionClient, heads: Scenario['sampleHeads']): Promise<void> {
  await tx.$executeRaw`
    INSERT INTO sample_heads (deployment_key, recording_since)
    SELECT deployments.key, head.recording_since
    FROM unnest(
      ${heads.map((row) => row.deploymentId)}::uuid[],
      ${heads.map((row) => row.recordingSince?.toISOString() ?? null)}::timestamptz[]) AS head (id, recording_since)
    JOIN deployments ON deployments.id = head.id`
}

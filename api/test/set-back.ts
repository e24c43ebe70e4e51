import type { Prisma, PrismaClient } from '@gaugeline/prisma'

/**
 * What changes with every deployment, event and sample. Heads come first: whoever records a sample, or merges some, locks
 * one.
 */
const HEADS = ['merge_state', 'sample_heads', 'resolution_heads']
const TABLES = [...HEADS, 'samples', 'merged_windows', 'deployment_events', 'deployments']

/** Remembers the state of the database. What it returns sets it back to that, as a restore in place does. */
export async function rememberDatabase(prisma: PrismaClient): Promise<() => Promise<void>> {
  const inOneTransaction = async (statements: string[], isolationLevel: Prisma.TransactionIsolationLevel) => {
    await prisma.$transaction(
      statements.map((statement) => prisma.$executeRawUnsafe(statement)),
      { isolationLevel },
    )
  }
  // All tables as of one moment: a recorder is at work, and a head before its newest sample could never move again.
  await inOneTransaction(
    TABLES.flatMap((table) => [
      `drop table if exists remembered_${table}`,
      `create table remembered_${table} as select * from ${table}`,
    ]),
    'RepeatableRead',
  )
  const { lastSequence } = await prisma.logState.findUniqueOrThrow({ where: { id: 1 } })
  return () =>
    inOneTransaction(
      [
        `update log_state set last_sequence = ${lastSequence}`,
        ...TABLES.map((table) => `delete from ${table}`),
        ...TABLES.toReversed().map((table) => `insert into ${table} select * from remembered_${table}`),
        ...TABLES.map((table) => `drop table remembered_${table}`),
      ],
      'ReadCommitted',
    )
}

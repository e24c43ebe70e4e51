import { applyScenario, type Database, demoScenario } from '@gaugeline/prisma'
import type { Deps } from './deps.ts'
import { backfill } from './recording/backfill.ts'

/**
 * Fills an empty database with the demo scenario and an hour of samples. A database with models in it is left alone.
 */
export async function seed(
  database: Database,
  { recordingClock, services, source }: Deps,
  intervalMs: number,
  onProgress: (line: string) => void,
): Promise<void> {
  if ((await database.prisma.model.count()) > 0) return
  onProgress('Filling the empty database with example data')
  await applyScenario(database, demoScenario(new Date(recordingClock.now())))
  await backfill(services.sampleStore, source, intervalMs, recordingClock.now())
}

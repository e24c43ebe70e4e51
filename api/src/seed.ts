import { applyScenario, type Database, demoScenario, historyScenario } from '@gaugeline/prisma'
import type { Deps } from './deps.ts'
import type { Env } from './env.ts'
import { backfill } from './recording/backfill.ts'
import { fillHistory } from './recording/history-fill.ts'

interface SeedOptions {
  database: Database
  deps: Pick<Deps, 'recordingClock' | 'services' | 'source'>
  env: Pick<Env, 'seed' | 'sampleIntervalMs' | 'keep'>
  onProgress: (line: string) => void
}

/**
 * Fills an empty database with a scenario: `demo` with an hour of samples, `history` with a month of merged windows. A
 * database with models in it is left alone.
 */
export async function seed({ database, deps, env, onProgress }: SeedOptions): Promise<void> {
  const { recordingClock, services, source } = deps
  if ((await database.prisma.model.count()) > 0) return
  const nowMs = recordingClock.now()
  if (env.seed === 'history') {
    onProgress('Filling the empty database with a month of history')
    const scenario = historyScenario(new Date(nowMs))
    await applyScenario(database, scenario)
    await fillHistory(database, env.keep, scenario.deploymentEvents, nowMs)
  } else {
    onProgress('Filling the empty database with example data')
    await applyScenario(database, demoScenario(new Date(nowMs)))
  }
  await backfill(services.sampleStore, source, env.sampleIntervalMs, recordingClock.now())
}

import { createTestDatabase, type TestDatabaseKind } from '@gaugeline/prisma/testing'
import pino from 'pino'
import { createApp, type RunningApp } from '../src/app.ts'
import { type Env, readEnv } from '../src/env.ts'
import { GraphQLTestClient } from './graphql-client.ts'

export const ADMIN_TOKEN = 'test-token-of-at-least-32-characters'

export interface TestApp extends RunningApp, AsyncDisposable {
  /** Acts as `admin`, with every scope. */
  client: GraphQLTestClient
  stop(): Promise<void>
}

/** The whole server on a free port and a database of its own, with nothing in it unless `seed` says so. */
export async function createTestApp(kind: TestDatabaseKind, settings: Partial<Env> = {}): Promise<TestApp> {
  const database = await createTestDatabase(kind)
  await database.close()
  const app = createApp({
    env: {
      ...readEnv({}),
      port: 0,
      databaseUrl: database.url,
      dataDir: database.dataDir ?? '',
      adminToken: ADMIN_TOKEN,
      seed: 'none',
      ...settings,
    },
    log: pino({ level: process.env['LOG_LEVEL'] ?? 'silent' }),
    onProgress: () => undefined,
    onFailure: (error) => {
      throw error
    },
  })
  try {
    const running = await app.start()
    return {
      ...running,
      client: GraphQLTestClient.withToken(running.origin, ADMIN_TOKEN),
      stop: () => app.stop(),
      [Symbol.asyncDispose]: async () => {
        await app.stop()
        await database[Symbol.asyncDispose]()
      },
    }
  } catch (error) {
    await database[Symbol.asyncDispose]()
    throw error
  }
}

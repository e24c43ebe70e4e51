import { prepareTestDatabase, type TestDatabaseLocation } from '@gaugeline/prisma/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { succeed } from '../acts.ts'
import { GraphQLTestClient } from '../graphql-client.ts'
import { reservePort, TcpProxy } from '../tcp-proxy.ts'
import { change, register } from './documents.ts'
import { type Example, ExampleProgram, watchExamples } from './example-program.ts'
import { ADMIN_TOKEN, ServerProcess, settingsOf } from './server-process.ts'

const WINDOW_MS = 250

const examples = watchExamples()
const present = examples.filter(({ missing }) => missing === null)

/** When the printed windows began, whatever the format around them. */
function startsOf(printed: string[]): number[] {
  return printed.map((line) => Date.parse(/"at": ?"([^"]+)"/.exec(line)?.[1] ?? line))
}

// All of them at once, for a server each would take minutes.
describe('the example that watches a deployment', () => {
  let database: TestDatabaseLocation
  let proxy: TcpProxy
  let server: ServerProcess
  let settings: Record<string, string>
  let origin: string
  let api: GraphQLTestClient
  const stories = new Map<string, Map<string, ExampleProgram>>()

  beforeAll(async () => {
    database = await prepareTestDatabase('embedded')
    // Held until the proxy listens: the system may give a port that was just closed to the next one that asks.
    const { port, release } = await reservePort()
    proxy = await TcpProxy.to(new URL(`http://127.0.0.1:${port}`))
    await release()
    origin = `http://127.0.0.1:${proxy.port}`
    // A server answers to its own names only, and is reached through the proxy here.
    settings = {
      ...settingsOf(database),
      PORT: String(port),
      PUBLIC_URL: origin,
      SAMPLE_INTERVAL_MS: String(WINDOW_MS),
    }
    server = (await ServerProcess.serving(settings)).server
    // Past the proxy, and on no connection that it or the restart could have closed.
    const headers = { authorization: `Bearer ${ADMIN_TOKEN}`, connection: 'close' }
    api = new GraphQLTestClient(`http://127.0.0.1:${port}`, headers)
    await tellStories()
  }, 240_000)
  afterAll(async () => {
    for (const story of stories.values()) for (const program of story.values()) await program[Symbol.asyncDispose]()
    await server[Symbol.asyncDispose]()
    await proxy[Symbol.asyncDispose]()
    await database[Symbol.asyncDispose]()
  })

  function start(story: string, token: string, argsOf: (example: Example) => string[]): ExampleProgram[] {
    const programs = present.map((example) => new ExampleProgram(example, origin, token, argsOf(example)))
    stories.set(story, new Map(present.map(({ language }, n) => [language, programs[n] as ExampleProgram])))
    return programs
  }

  const programOf = (story: string, { language }: Example): ExampleProgram => {
    const program = stories.get(story)?.get(language)
    if (program === undefined) throw new Error(`${language} was not run.`)
    return program
  }

  async function tellStories(): Promise<void> {
    const jobId = await register(api, 'example/model', 'a job')
    const id = await change(api, 'deploy', jobId, 'to be watched')
    const printed = (programs: ExampleProgram[], count: number) =>
      Promise.all(programs.map((program) => program.prints(count)))
    // The others find it by themselves.
    const cut = start('cut', ADMIN_TOKEN, ({ language }) => (language === 'curl' ? [id] : []))
    start('refused', 'a-token-of-nobody', () => [id])
    start('another type', ADMIN_TOKEN, () => [jobId])
    const closed = start('closed', ADMIN_TOKEN, () => [id])
    const { apiToken, secret } = await succeed<{ apiToken: { id: string }; secret: string }>(
      api,
      'createApiToken',
      { name: 'a bot', scopes: ['READ'] },
      'secret apiToken { id }',
    )
    const revoked = start('revoked', secret, () => [id])
    await printed(closed, 1)
    for (const program of closed) program.closeOutput()
    await printed([...cut, ...revoked], 4)
    await succeed(api, 'revokeApiToken', { apiTokenId: apiToken.id }, '__typename')
    proxy.reset()
    await printed(cut, 4)
    await proxy.cut()
    await server.end()
    await server[Symbol.asyncDispose]()
    server = (await ServerProcess.serving(settings)).server
    await proxy.mend()
    await printed(cut, 8)

    await change(api, 'pause', id, 'the end')
    await api.data(`mutation ($id: ID!) { deleteDeployment(input: { deploymentId: $id }) { __typename } }`, { id })
    await Promise.all([...stories.values()].flatMap((story) => [...story.values()].map(({ exited }) => exited)))
  }

  describe.each(examples)('for $language', (example) => {
    const { missing } = example
    const skipped = missing === null ? '' : ` (skipped: ${missing})`

    it.skipIf(missing !== null)(
      `prints each sample once over cuts and a restart, until the deployment is deleted${skipped}`,
      async () => {
        const program = programOf('cut', example)
        expect({ code: await program.exited, stderr: program.stderr }).toMatchObject({ code: 0 })
        expect(program.stderr).toMatch(/^(no connection to \S+\/graphql: .+; trying again\n)+$/m)
        const starts = startsOf(program.printed)
        expect(starts.length).toBeGreaterThanOrEqual(16)
        expect(starts).toEqual(starts.map((_start, n) => (starts[0] ?? 0) + n * WINDOW_MS))
      },
    )

    it.skipIf(missing !== null)(`reports the reason and ends when its token is not valid${skipped}`, async () => {
      const program = programOf('refused', example)
      expect(await program.exited).toBe(1)
      expect(program.printed).toEqual([])
      expect(program.stderr).toMatch(/^refused: .*token is not valid[^\n]*\n(exit status 1\n)?$/)
    })

    it.skipIf(missing !== null)(`says what is wrong with the id of another type${skipped}`, async () => {
      const program = programOf('another type', example)
      expect(await program.exited).toBe(1)
      expect(program.stderr).toMatch(
        /^refused: .*is the id of a TrainingJob, not of a Deployment[^\n]*\n(exit status 1\n)?$/,
      )
    })

    it.skipIf(missing !== null)(`ends without a word when nobody reads its output any more${skipped}`, async () => {
      const program = programOf('closed', example)
      // Of SIGPIPE, or with the exit code that a shell gives that. `go run` has its own.
      expect([141, null, ...(example.command === 'go' ? [1] : [])]).toContain(await program.exited)
      // Python names the deployment first.
      expect(program.stderr).toMatch(/^(\S+ v\S+\n)?(signal: broken pipe\n)?$/)
    })

    it.skipIf(missing !== null)(`reports the reason and ends when its token is revoked${skipped}`, async () => {
      const program = programOf('revoked', example)
      expect(await program.exited).toBe(1)
      expect(program.printed.length).toBeGreaterThanOrEqual(4)
      expect(program.stderr).toMatch(/^refused: .*Token revoked[^\n]*\n(exit status 1\n)?$/)
    })
  })
})

import { testDatabaseKinds } from '@gaugeline/prisma/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { deploy, mutate, registerJob } from './acts.ts'
import { ADMIN_TOKEN, createTestApp, type TestApp } from './create-test-app.ts'
import { liveClient, TRANSPORTS } from './live-clients.ts'
import { rowCounts } from './row-seeds.ts'

interface Refusal {
  message: string
  extensions: { code: string }
}

const REGISTER = 'mutation ($v: RegisterTrainingJobInput!) { registerTrainingJob(input: $v) { __typename } }'
/** Strings that PostgreSQL can't hold, as a JSON body writes them. */
const UNSTORABLE = ['a\\u0000b', '\\u0000', 'half \\ud800', '\\udc00 half', '\\udc00\\ud800']

describe.each(await testDatabaseKinds())('hostile input on %s', (kind) => {
  let app: TestApp
  beforeAll(async () => {
    app = await createTestApp(kind, { sampleIntervalMs: 60_000 })
    await deploy(app.client)
  })
  afterAll(() => app[Symbol.asyncDispose]())

  /** Sends a body as it is written, and fails if it changed anything or the server calls it its own fault. */
  async function refused(body: string): Promise<Refusal> {
    const before = await rowCounts(app.deps.services.prisma)
    const response = await fetch(`${app.origin}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${ADMIN_TOKEN}` },
      body,
    })
    const text = await response.text()
    const { data, errors } = JSON.parse(text) as { data?: unknown; errors?: Refusal[] }
    expect([body, response.status < 500, data ?? null]).toEqual([body, true, null])
    expect(await rowCounts(app.deps.services.prisma)).toEqual(before)
    return errors![0]!
  }
  const register = async (input: Record<string, unknown>) => {
    const before = await rowCounts(app.deps.services.prisma)
    const result = await mutate(app.client, 'registerTrainingJob', { modelName: 'm', name: 'n', ...input })
    if (result.__typename !== 'RegisterTrainingJobSuccess') {
      expect(await rowCounts(app.deps.services.prisma)).toEqual(before)
    }
    return result
  }

  it('with NUL or half of a surrogate pair is refused in any variable, with its name', async () => {
    const documents: [query: string, variables: (text: string) => string][] = [
      ['query ($v: String!) { model(name: $v) { id } }', (text) => `{"v":"${text}"}`],
      ['query ($v: String) { models(search: $v) { edges { cursor } } }', (text) => `{"v":"${text}"}`],
      [
        'query ($v: TrainingJobFilter) { trainingJobs(filter: $v) { edges { cursor } } }',
        (text) => `{"v":{"search":"${text}"}}`,
      ],
      [
        'query ($v: DeploymentFilter) { deploymentCounts(filter: $v) { total } }',
        (text) => `{"v":{"ids":["${text}"]}}`,
      ],
      ['query ($v: String) { deployments(after: $v) { edges { cursor } } }', (text) => `{"v":"${text}"}`],
      ['query ($v: ID!) { node(id: $v) { id } }', (text) => `{"v":"${text}"}`],
      [REGISTER, (text) => `{"v":{"modelName":"m","name":"${text}"}}`],
      [REGISTER, (text) => `{"v":{"modelName":"m","name":"n","hyperparameters":{"deep":[{"${text}":1}]}}}`],
    ]
    for (const [query, variables] of documents) {
      for (const text of UNSTORABLE) {
        const error = await refused(`{"query":${JSON.stringify(query)},"variables":${variables(text)}}`)
        expect(error).toMatchObject({ message: expect.stringContaining('$v'), extensions: { code: 'BAD_USER_INPUT' } })
      }
    }
  })

  it('with NUL or half of a surrogate pair is refused in any literal', async () => {
    for (const text of UNSTORABLE) {
      const literal = text.replaceAll('\\', '\\\\')
      for (const query of [
        `{ model(name: \\"${literal}\\") { id } }`,
        `{ trainingJobs(filter: { search: \\"${literal}\\" }) { edges { cursor } } }`,
        `mutation { registerTrainingJob(input: { modelName: \\"m\\", name: \\"${literal}\\" }) { __typename } }`,
        `mutation { registerTrainingJob(input: { modelName: \\"m\\", name: \\"n\\",
          hyperparameters: { x: [\\"${literal}\\"] } }) { __typename } }`.replaceAll('\n', ' '),
      ]) {
        const error = await refused(`{"query":"${query}"}`)
        expect(error.extensions.code).toMatch(/^(BAD_USER_INPUT|GRAPHQL_PARSE_FAILED)$/)
      }
      // As it is, not escaped: within the quotes, and as a block of text.
      for (const quote of ['\\"', '\\"\\"\\"']) {
        const error = await refused(`{"query":"{ model(name: ${quote}${text}${quote}) { id } }"}`)
        expect(error.extensions.code).toMatch(/^(BAD_USER_INPUT|GRAPHQL_PARSE_FAILED)$/)
      }
    }
  })

  it.each(TRANSPORTS)('is refused in subscriptions over %s too, which continue for the others', async (transport) => {
    await using live = liveClient(transport, app.origin)
    const counts = 'subscription { fleetMetrics { expected } }'
    await using fleet = live.subscribe<{ fleetMetrics: { expected: number } }>(counts)
    for (const [query, variables] of [
      ['subscription ($v: String) { fleetMetrics(filter: { search: $v }) { at } }', { v: 'a\0b' }],
      ['subscription { fleetMetrics(filter: { search: "\\u0000" }) { at } }', {}],
      ['subscription ($v: ID!) { inferenceMetrics(deploymentId: $v) { skipped } }', { v: '\ud800' }],
      // It would be looked for in every deployment, every second.
      ['subscription ($v: String) { fleetMetrics(filter: { search: $v }) { at } }', { v: 'x'.repeat(60_000) }],
    ] as const) {
      expect([query, await live.subscribe(query, variables).refusal()]).toEqual([query, 'BAD_USER_INPUT'])
    }
    await deploy(app.client)
    expect((await fleet.until(({ fleetMetrics }) => fleetMetrics.expected > 1)).length).toBeGreaterThan(0)
  })

  it('in names is answered as data, each issue with its field, all of them at once', async () => {
    const cases: [input: Record<string, unknown>, paths: string[]][] = [
      [{ name: '' }, ['name']],
      [{ name: ' \t\u00a0' }, ['name']],
      [{ name: 'x'.repeat(101) }, ['name']],
      [{ name: 'x'.repeat(10_000) }, ['name']],
      [{ name: 'invoice\u202egnp.exe' }, ['name']],
      [{ name: '\u2067a\u2069' }, ['name']],
      [{ name: 'escape \u001b[2J' }, ['name']],
      [{ modelName: '' }, ['modelName']],
      [{ modelName: 'two words' }, ['modelName']],
      [{ modelName: 'm\n' }, ['modelName']],
      [{ modelName: 'modèle' }, ['modelName']],
      [{ modelName: 'x'.repeat(10_000) }, ['modelName']],
      [{ framework: 'x'.repeat(101), dataset: '\u0001' }, ['framework', 'dataset']],
      [{ hyperparameters: [1] }, ['hyperparameters']],
      [{ hyperparameters: 'lr=1' }, ['hyperparameters']],
      [{ hyperparameters: { text: 'x'.repeat(17_000) } }, ['hyperparameters']],
      [
        { name: '', modelName: '!', framework: '\u0007', hyperparameters: 1 },
        ['modelName', 'name', 'framework', 'hyperparameters'],
      ],
    ]
    for (const [input, paths] of cases) {
      const { __typename, issues } = await register(input)
      expect([input, __typename, issues?.map(({ path }) => path.join('.'))]).toEqual([
        input,
        'InvalidInputError',
        paths,
      ])
    }
    for (const name of ['', '\u202e', 'x'.repeat(101)]) {
      const result = await mutate(app.client, 'startTrainingJob', { modelName: 'm', name })
      expect(result).toMatchObject({ __typename: 'InvalidInputError', issues: [{ path: ['name'] }] })
    }
  })

  it('that is only unusual is accepted unchanged', async () => {
    const names = ['🦀'.repeat(100), 'עברית \u200f!', "Robert'); DROP TABLE models;--", '${1+1} {{7*7}} %s \\', '👩‍🚀']
    for (const name of names) {
      const id = await registerJob(app.client, { modelName: 'unusual', name })
      const query = 'query ($id: ID!) { trainingJob(id: $id) { name } }'
      expect(await app.client.data(query, { id })).toEqual({ trainingJob: { name } })
    }
    expect(await register({ modelName: 'x'.repeat(100) })).toMatchObject({ __typename: 'RegisterTrainingJobSuccess' })
  })

  it('with numbers that do not fit is refused before anything is done', async () => {
    const id = await registerJob(app.client, { status: 'RUNNING' })
    for (const step of ['2147483648', '-2147483649', '1.5', '1e400', '"1"', 'null']) {
      const query = `mutation ($id: ID!) { updateTrainingJob(input: {
        trainingJobId: $id, steps: [{ step: ${step}, loss: 1 }] }) { __typename } }`
      const { extensions } = await refused(JSON.stringify({ query, variables: { id } }))
      expect(extensions.code).toBe('GRAPHQL_VALIDATION_FAILED')
      const variables = `{"input":{"trainingJobId":"${id}","steps":[{"step":${step},"loss":1}]}}`
      const document = 'mutation ($input: UpdateTrainingJobInput!) { updateTrainingJob(input: $input) { __typename } }'
      expect((await refused(`{"query":"${document}","variables":${variables}}`)).extensions.code).toBe('BAD_USER_INPUT')
    }
    // A number too large to be finite passes as a literal, and is refused as data.
    for (const [input, path] of [
      ['steps: [{ step: 1, loss: 1e400 }]', ['steps', '0', 'loss']],
      ['finalLoss: -1e400', ['finalLoss']],
      ['progress: 1e400', ['progress']],
    ] as const) {
      const before = await rowCounts(app.deps.services.prisma)
      const { updateTrainingJob } = await app.client.data(
        `mutation ($id: ID!) { updateTrainingJob(input: { trainingJobId: $id, ${input} }) {
          __typename ... on InvalidInputError { issues { path } } } }`,
        { id },
      )
      expect(updateTrainingJob).toEqual({ __typename: 'InvalidInputError', issues: [{ path }] })
      expect(await rowCounts(app.deps.services.prisma)).toEqual(before)
    }
    const json = `mutation { registerTrainingJob(input: {
      modelName: "m", name: "n", hyperparameters: { x: 1e400 } }) { __typename } }`
    expect((await refused(JSON.stringify({ query: json }))).extensions.code).toBe('GRAPHQL_VALIDATION_FAILED')
  })

  it('nested without end is refused, never a fault of the server', async () => {
    const depth = 50_000
    const nested = `${'['.repeat(depth)}${']'.repeat(depth)}`
    const register = 'mutation ($v: RegisterTrainingJobInput!) { registerTrainingJob(input: $v) { __typename } }'
    for (const body of [
      `{"query":"${register}","variables":{"v":{"modelName":"m","name":"n","hyperparameters":${nested}}}}`,
      `{"query":"query ($v: String) { models(search: $v) { edges { cursor } } }","variables":{"v":${nested}}}`,
      `{"query":"{ viewer { name } }","variables":{"unused":${nested}}}`,
    ]) {
      const response = await fetch(`${app.origin}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${ADMIN_TOKEN}` },
        body,
      })
      const text = await response.text()
      expect([response.status < 500, text.includes('"INTERNAL"')]).toEqual([true, false])
    }
  })
})

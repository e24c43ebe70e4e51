import { Writable } from 'node:stream'
import { testDatabaseKinds } from '@gaugeline/prisma/testing'
import pino from 'pino'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { EventRecords } from '../src/deployments/event-records.ts'
import { deploy, registerJob } from './acts.ts'
import { ADMIN_TOKEN, createTestApp, type TestApp } from './create-test-app.ts'
import { liveClient, TRANSPORTS } from './live-clients.ts'
import { WsTestClient } from './ws-client.ts'

interface LogLine {
  err?: { message: string; stack: string }
  requestId?: string
}

const SKIPPED = 'subscription ($id: ID!) { inferenceMetrics(deploymentId: $id) { skipped } }'
const SECRET = 'connection string of the secret database'

describe.each(await testDatabaseKinds())('errors of the API on %s', (kind) => {
  let app: TestApp
  const logged: LogLine[] = []

  beforeAll(async () => {
    const sink = new Writable({
      write: (line: Buffer, _encoding, done) => {
        logged.push(JSON.parse(String(line)) as LogLine)
        done()
      },
    })
    app = await createTestApp(kind, { sampleIntervalMs: 100 }, pino({ level: 'error' }, sink))
  })
  afterAll(() => app[Symbol.asyncDispose]())
  afterEach(() => {
    vi.restoreAllMocks()
    logged.length = 0
  })

  /** Makes a service fail as a bug would. */
  const breakModels = () => vi.spyOn(app.deps.services.models, 'byName').mockRejectedValue(new Error(SECRET))
  /** That the error hides what happened and names a request whose one line in the log tells it. */
  const expectMasked = (error: { message: string; extensions?: Record<string, unknown> } | undefined) => {
    expect(error?.extensions).toEqual({ code: 'INTERNAL', requestId: expect.stringMatching(/^[\w-]{8,}$/) })
    expect(JSON.stringify(error)).not.toMatch(/secret|stack|node_modules|\.ts/)
    expect(logged).toHaveLength(1)
    expect(logged[0]?.requestId).toBe(error?.extensions?.['requestId'])
    expect(logged[0]?.err?.stack).toContain(SECRET)
  }

  it('name what does not exist, and nothing is executed', async () => {
    const cases: [query: string, message: RegExp][] = [
      ['{ nothing }', /nothing/],
      ['{ viewer { nothing } }', /nothing/],
      ['{ viewer }', /viewer/],
      ['query ($id: Nothing) { viewer { name } }', /Nothing/],
      ['{ deployments(page: 1) { edges { cursor } } }', /page/],
      ['{ deployments(orderBy: { field: SPEED, direction: ASC }) { edges { cursor } } }', /SPEED/],
      ['mutation { deployTrainingJob(input: {}) { __typename } }', /trainingJobId/],
      ['mutation { dropEverything }', /dropEverything/],
    ]
    for (const [query, message] of cases) {
      const { data, errors } = await app.client.request(query)
      expect([query, data, errors?.[0]?.extensions]).toEqual([query, undefined, { code: 'GRAPHQL_VALIDATION_FAILED' }])
      expect(errors?.[0]?.message).toMatch(message)
      expect(errors?.[0]?.locations).toBeDefined()
    }
    const { errors } = await app.client.request('query ($id: ID!) { node(id: $id) { id } }', {})
    expect(errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT' })
    expect(errors?.[0]?.message).toContain('$id')
    const { errors: syntax } = await app.client.request('{ viewer { name }')
    expect(syntax?.[0]?.extensions?.['code']).toBe('GRAPHQL_PARSE_FAILED')
    expect(logged).toEqual([])
  })

  it('name the variable, the path in it and what would be right, and do not repeat a huge value', async () => {
    const update = 'mutation ($input: UpdateTrainingJobInput!) { updateTrainingJob(input: $input) { __typename } }'
    const from = 'query ($from: DateTime!) { deployment(id: "x") { metricsHistory(from: $from) { from } } }'
    const ask = async (query: string, variables: Record<string, unknown>) => {
      const { data, errors = [] } = await app.client.request(query, variables)
      for (const { extensions, locations } of errors) {
        expect([data, extensions, locations?.length]).toEqual([undefined, { code: 'BAD_USER_INPUT' }, 1])
      }
      return errors.map(({ message }) => message)
    }
    const input = (more: Record<string, unknown>) => ({ input: { trainingJobId: 'x', ...more } })
    expect(await ask(update, input({ progress: 'a' }))).toEqual([
      'Variable "$input" got invalid value "a" at "input.progress"; Float cannot represent non numeric value: "a"',
    ])
    expect(await ask(update, input({ steps: [{ step: 1, loss: 1 }, { loss: 1 }], status: 'DONE' }))).toEqual([
      expect.stringMatching(
        /^Variable "\$input" got invalid value "DONE" at "input.status"; Value "DONE" does not exist/,
      ),
      'Variable "$input" got invalid value { loss: 1 } at "input.steps[1]"; Field "step" of required type "Int!" was not provided.',
    ])
    expect(await ask(from, { from: 'yesterday' })).toEqual([
      'Variable "$from" got invalid value "yesterday"; A DateTime is ISO 8601 with an offset, such as "2026-11-23T14:02:00Z".',
    ])
    const huge = 'a"b\\'.repeat(20_000)
    const [quoted = ''] = await ask(update, input({ progress: huge }))
    expect(quoted).toMatch(
      /^Variable "\$input" got invalid value "a\\"b.*…" at "input.progress"; Float cannot represent/,
    )
    const wide = Object.fromEntries(Array.from({ length: 3_000 }, (_, n) => [`key${n}`, n]))
    const [listed = ''] = await ask(update, input({ progress: wide }))
    expect(listed).toMatch(
      /^Variable "\$input" got invalid value \{ key0: 0, .* … .* \} at "input.progress"; Float cannot/,
    )
    expect(Math.max(quoted.length, listed.length)).toBeLessThan(1_100)
    expect(logged).toEqual([])
  })

  it('locate a wrong literal of any scalar in the document', async () => {
    const cases: [before: string, literal: string, after: string, message: RegExp][] = [
      ['{ deployment(id: "x") { metricsHistory(from: ', '"yesterday"', ') { from } } }', /^A DateTime is ISO 8601/],
      ['{ deployment(id: "x") { metricsHistory(from: ', '"2026-01-01T24:00:00Z"', ') { from } } }', /^A DateTime/],
      ['{ deployment(id: "x") { metricsHistory(from: ', '{ day: 1 }', ') { from } } }', /^A DateTime/],
      ['subscription { deploymentEvents(after: ', '5', ') { cursor } }', /^A cursor is a string/],
      ['{ deployments(first: ', `"${'x'.repeat(5_000)}"`, ') { edges { cursor } } }', /^Int cannot.{1,140}…"$/],
      [
        'mutation { registerTrainingJob(input: { name: "a", modelName: "b", hyperparameters: { rate: [',
        '1e999',
        '] } }) { __typename } }',
        /^A number in JSON must be finite\.$/,
      ],
    ]
    for (const [before, literal, after, message] of cases) {
      const { errors } = await app.client.request(before + literal + after)
      expect([literal, errors]).toEqual([
        literal,
        [
          {
            message: expect.stringMatching(message),
            locations: [{ line: 1, column: before.length + 1 }],
            extensions: { code: 'GRAPHQL_VALIDATION_FAILED' },
          },
        ],
      ])
    }
  })

  it('answer their operation over a WebSocket, which stays open', async () => {
    const socket = await WsTestClient.connect(app.origin, ADMIN_TOKEN)
    const id = await deploy(app.client)
    for (const [query, code] of [
      ['subscription {', 'GRAPHQL_PARSE_FAILED'],
      ['subscription { nothing }', 'GRAPHQL_VALIDATION_FAILED'],
      ['subscription { a: fleetMetrics { at } b: fleetMetrics { at } }', 'GRAPHQL_VALIDATION_FAILED'],
      ['{ nothing }', 'GRAPHQL_VALIDATION_FAILED'],
    ]) {
      socket.subscribe(query!)
      expect((await socket.errors())[0]?.extensions?.['code']).toBe(code)
    }
    // What only its execution finds is a result.
    socket.subscribe('subscription ($id: ID!) { inferenceMetrics(deploymentId: $id) { cursor } }')
    expect(await socket.next()).toMatchObject({ errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] })
    expect(await socket.messages.next()).toMatchObject({ type: 'complete' })
    socket.subscribe('subscription ($id: ID!) { inferenceMetrics(deploymentId: $id) { skipped } }', { id })
    expect(await socket.next()).toMatchObject({ data: { inferenceMetrics: { skipped: 0 } } })
    await socket.close()
  })

  it('of the server are masked in queries: a request id, no cause, no stack, one log line', async () => {
    breakModels()
    const { data, errors } = await app.client.request('{ model(name: "x") { id } viewer { name } }')
    expect(data).toEqual({ model: null, viewer: { name: 'admin' } })
    expect(errors).toHaveLength(1)
    expect(errors?.[0]?.path).toEqual(['model'])
    expectMasked(errors?.[0])
  })

  it('of the server are masked in mutations, which are rolled back as a whole', async () => {
    const trainingJobId = await registerJob(app.client, { modelName: 'undone' })
    const failing = vi.spyOn(EventRecords.prototype, 'append').mockRejectedValueOnce(new Error(SECRET))
    const mutation = `mutation ($id: ID!) { deployTrainingJob(input: { trainingJobId: $id }) { __typename
      ... on DeployTrainingJobSuccess { deployment { version } } } }`
    const { data, errors } = await app.client.request(mutation, { id: trainingJobId })
    expect([data, failing.mock.calls.length]).toEqual([null, 1])
    expectMasked(errors?.[0])
    expect(await app.client.data(mutation, { id: trainingJobId })).toEqual({
      deployTrainingJob: { __typename: 'DeployTrainingJobSuccess', deployment: { version: 'v1.0.0' } },
    })
  })

  it.each(TRANSPORTS)('of the server are masked in subscriptions over %s', async (transport) => {
    const id = await deploy(app.client)
    vi.spyOn(app.deps.services.sampleLogs, 'follow').mockRejectedValue(new Error(SECRET))
    await using live = liveClient(transport, app.origin)
    await using updates = live.subscribe(SKIPPED, { id })
    expect(await updates.refusal()).toBe('INTERNAL')
    expect(logged).toHaveLength(1)
    vi.restoreAllMocks()
    await using again = live.subscribe(SKIPPED, { id })
    expect(await again.next()).toEqual({ inferenceMetrics: { skipped: 0 } })
  })

  it('of an unreachable database are refusals with a code, not bugs', async () => {
    const gone = Object.assign(new Error('connect ECONNREFUSED 10.0.0.7'), { code: 'ECONNREFUSED' })
    vi.spyOn(app.deps.services.models, 'byName').mockRejectedValue(gone)
    const { errors } = await app.client.request('{ model(name: "x") { id } }')
    expect(errors?.[0]?.extensions).toEqual({ code: 'UNAVAILABLE' })
    expect(errors?.[0]?.message).not.toContain('10.0.0.7')
    expect(logged).toEqual([])
  })
})

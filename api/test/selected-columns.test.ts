import { testDatabaseKinds } from '@gaugeline/prisma/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestApp, type TestApp } from './create-test-app.ts'

interface Field {
  name: string
  args: { type: { kind: string } }[]
  type: Type
}
interface Type {
  kind: string
  name: string | null
  ofType: Type | null
}

/** Where objects of a type are listed. */
const LISTS = {
  Deployment: (node: string) => `{ deployments(first: 3) { nodes { ${node} } } }`,
  TrainingJob: (node: string) => `{ trainingJobs(first: 3) { nodes { ${node} } } }`,
  Model: (node: string) => `{ models(first: 3) { nodes { ${node} } } }`,
  DeploymentEvent: (node: string) => `{ deploymentEvents(first: 3) { nodes { ${node} } } }`,
  ApiToken: (node: string) => `{ viewer { apiTokens(first: 3) { nodes { ${node} } } } }`,
}

const [kind = 'embedded'] = (await testDatabaseKinds()).toReversed()

describe('a field that is requested alone', () => {
  let app: TestApp
  beforeAll(async () => {
    app = await createTestApp(kind)
    const { trainingJobs, deployments, apiTokens } = app.deps.services
    const labels = [{ key: 'a', value: 'b' }]
    const common = { modelName: 'team/model', status: 'COMPLETED', labels, externalId: 'job' } as const
    const job = await trainingJobs.register({ ...common, name: 'run', framework: 'f', dataset: 'd' }, 'x')
    const given = { by: 'x', note: 'n', labels, externalId: 'deployment', source: { report: {} } }
    const { id: deploymentId } = await deployments.deploy(job.id, given)
    const viewer = { key: 'x', name: 'x', scopes: new Set(['ADMIN', 'REPORT'] as const) }
    await apiTokens.create({ name: 'reporter', scopes: ['REPORT'], deploymentId }, viewer)
  })
  afterAll(() => app[Symbol.asyncDispose]())

  /** All fields of a type that need no arguments, each with something of what it answers with. */
  async function fieldsOf(type: string): Promise<Map<string, string>> {
    const query = `query ($name: String!) { __type(name: $name) { fields { name args { type { kind } }
      type { kind name ofType { kind name ofType { kind name ofType { kind name } } } } } } }`
    const { __type } = await app.client.data<{ __type: { fields: Field[] } }>(query, { name: type })
    const fields = __type.fields.filter(({ args }) => args.every((argument) => argument.type.kind !== 'NON_NULL'))
    return new Map(
      fields.map(({ name, type: answer }) => {
        let named: Type = answer
        while (named.ofType) named = named.ofType
        const isList = named.name?.endsWith('Connection') === true
        const isLeaf = named.kind === 'SCALAR' || named.kind === 'ENUM'
        return [name, isLeaf ? name : `${name} { ${isList ? 'nodes { id }' : '__typename'} }`]
      }),
    )
  }

  it.each(Object.entries(LISTS))('of a %s answers as it does among all others', async (type, list) => {
    const fields = await fieldsOf(type)
    expect(fields.size).toBeGreaterThan(5)
    const together = await app.client.data(list([...fields.values()].join(' ')))
    for (const [name, selection] of fields) {
      const alone = await app.client.data(list(selection))
      expect(together, `${type}.${name}`).toMatchObject(alone)
      expect(JSON.stringify(alone)).toContain(`"${name}":`)
    }
  })
})

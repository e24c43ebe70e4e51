import {
  execute,
  type ExecutionResult,
  getOperationAST,
  GraphQLInt,
  GraphQLInterfaceType,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  type GraphQLOutputType,
  GraphQLScalarType,
  GraphQLSchema,
  GraphQLString,
  GraphQLUnionType,
  NoUnusedFragmentsRule,
  NoUnusedVariablesRule,
  parse,
  PossibleFragmentSpreadsRule,
  SingleFieldSubscriptionsRule,
  specifiedRules,
  validate,
  type ValidationRule,
} from 'graphql'
import { describe, expect, it } from 'vitest'
import { executeOperation } from './execute-operation.ts'
import { OperationPlans } from './operation-plan.ts'

/** A small generator of numbers (mulberry32), so that a failure can be repeated. */
function randomOf(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((((t ^ (t >>> 14)) >>> 0) / 4294967296) * below) | 0
  }
}

/** The same value for the same field of the same object, whoever executes. */
function hashOf(text: string): number {
  let hash = 7
  for (const character of text) hash = (Math.imul(hash, 31) + character.charCodeAt(0)) | 0
  return hash >>> 0
}

const Picky = new GraphQLScalarType({
  name: 'Picky',
  serialize(value) {
    if (value === 'bad') throw new TypeError('This value is bad.')
    return value === 'nothing' ? undefined : value
  },
})

const KINDS = ['A', 'B', 'C'] as const
type Item = { kind: string; seed: string; depth: number } & Record<string, unknown>

const item = (seed: string, depth: number): Item => ({ kind: KINDS[hashOf(seed) % 3] ?? 'A', seed, depth, plain: seed })

/** What a field gives: mostly what it promises, at times late, null, an error, or something else. */
function answerOf(seed: string, good: () => unknown): unknown {
  const dice = hashOf(seed) % 40
  if (dice === 0) return null
  if (dice === 1) throw new Error(`thrown at ${seed}`)
  if (dice === 2) return new Error(`returned at ${seed}`)
  if (dice === 3) return Promise.reject(new Error(`rejected at ${seed}`))
  if (dice === 4) return Promise.resolve(null)
  if (dice < 12) return Promise.resolve(good())
  return good()
}

/** Of items that are all there, or all late: graphql-js itself lets go of late ones when another is at fault at once. */
function listOf(seed: string, good: (at: string) => unknown): unknown[] {
  const isLate = hashOf(`late${seed}`) % 3 === 0
  return Array.from({ length: hashOf(seed) % 4 }, (_, index) => {
    const at = `${seed}:${index}`
    const dice = hashOf(`item${at}`) % 12
    const value = dice === 0 ? new Error(`at ${at}`) : dice === 1 ? null : good(at)
    if (!isLate) return value
    return value instanceof Error ? Promise.reject(value) : Promise.resolve(value)
  })
}

function fieldOf(name: string, type: GraphQLOutputType, good: (seed: string, depth: number) => unknown) {
  return {
    type,
    args: { n: { type: GraphQLInt, defaultValue: 1 } },
    resolve: (source: Item | undefined, { n }: { n: number }) => {
      const seed = `${source?.seed ?? ''}/${name}${n}`
      return answerOf(seed, () => good(seed, (source?.depth ?? 0) + 1))
    },
  }
}

const scalarFields = () => ({
  plain: { type: GraphQLString },
  missing: { type: GraphQLString },
  text: fieldOf('text', GraphQLString, (seed) => seed),
  sure: fieldOf('sure', new GraphQLNonNull(GraphQLString), (seed) => seed),
  picky: fieldOf('picky', Picky, (seed) => ['bad', 'nothing', seed][hashOf(seed) % 3]),
  words: fieldOf('words', new GraphQLList(new GraphQLNonNull(GraphQLString)), (seed) => listOf(seed, (at) => at)),
})

function testSchema(): GraphQLSchema {
  const items = (seed: string, depth: number) => listOf(seed, (at) => item(at, depth))
  const fields = () => ({
    ...scalarFields(),
    one: fieldOf('one', Named, item),
    sureOne: fieldOf('sureOne', new GraphQLNonNull(types.A), (seed, depth) => ({ ...item(seed, depth), kind: 'A' })),
    any: fieldOf('any', Any, item),
    many: fieldOf('many', new GraphQLList(Named), items),
    sureMany: fieldOf('sureMany', new GraphQLList(new GraphQLNonNull(Any)), items),
    notMany: fieldOf('notMany', new GraphQLList(GraphQLString), () => 'no list'),
  })
  // What is at fault says a type that does not exist.
  const resolveType = (value: Item) => {
    const dice = hashOf(`type${value.seed}`) % 20
    if (dice === 0) return Promise.resolve(value.kind)
    return value.kind
  }
  const Named = new GraphQLInterfaceType({ name: 'Named', fields, resolveType })
  const typeOf = (name: string) =>
    new GraphQLObjectType<Item>({
      name,
      interfaces: [Named],
      fields,
      ...(name === 'B' && { isTypeOf: ({ seed }) => hashOf(`is${seed}`) % 9 !== 0 }),
      ...(name === 'C' && { isTypeOf: async ({ seed }) => hashOf(`is${seed}`) % 9 !== 0 }),
    })
  const types = { A: typeOf('A'), B: typeOf('B'), C: typeOf('C') }
  const Any = new GraphQLUnionType({ name: 'Any', types: Object.values(types), resolveType })
  const [query, mutation, subscription] = ['Query', 'Mutation', 'Subscription'].map(
    (name) => new GraphQLObjectType({ name, fields }),
  )
  return new GraphQLSchema({ query, mutation, subscription, types: Object.values(types) })
}

/** A valid document, most of it nonsense. */
function randomDocument(random: (below: number) => number): string {
  const directive = () => ['', '', '', '', '@include(if: $yes)', '@skip(if: $yes)', '@include(if: $no)'][random(7)]
  const argument = () => ['', '', '(n: 2)', '(n: $n)'][random(4)]
  const selections = (depth: number, isUnion: boolean): string => {
    const count = 1 + random(4)
    const parts = Array.from({ length: count }, () => {
      if (isUnion || random(6) === 0) {
        if (random(4) === 0 && depth > 0) return `...F${random(2)} ${directive()}`
        return `... on ${KINDS[random(3)]} ${directive()} { ${selections(depth, false)} }`
      }
      const scalars = ['text', 'sure', 'picky', 'words', 'notMany']
      const leaf = ['plain', 'missing', '__typename'][random(3)]
      if (depth <= 0 || random(2) === 0) {
        if (random(3) === 0) return `${leaf} ${directive()}`
        const at = random(scalars.length)
        return `x${random(3)}_${at}: ${scalars[at]} ${directive()}`
      }
      const [name, union] = [['one'], ['sureOne'], ['any', true], ['many'], ['sureMany', true]][random(5)] ?? []
      const given = argument()
      const alias = { '': '', '(n: 2)': `${name}2: `, '(n: $n)': `${name}n: ` }[given ?? '']
      return `${alias}${name}${given} ${directive()} { ${selections(depth - 1, union === true)} }`
    })
    return `__typename ${parts.join('\n')}`
  }
  return `${['query', 'mutation', 'subscription'][random(3)]} ($yes: Boolean!, $no: Boolean = false, $n: Int = 3) { ${selections(3, false)} }
    fragment F0 on Named { ${selections(0, false)} }
    fragment F1 on A { ${selections(0, false)} ...F0 }`
}

/** Nonsense that has no consequence for the answer is welcome. */
const UNIMPORTANT = new Set<ValidationRule>([
  NoUnusedFragmentsRule,
  NoUnusedVariablesRule,
  PossibleFragmentSpreadsRule,
  SingleFieldSubscriptionsRule,
])
const RULES = specifiedRules.filter((rule) => !UNIMPORTANT.has(rule))

/** Errors in an order that does not depend on how many promises lie between them. */
function comparable({ data, errors = [] }: ExecutionResult): unknown {
  return {
    data: JSON.parse(JSON.stringify(data)) as unknown,
    errors: errors.map((error) => JSON.stringify(error)).toSorted(),
  }
}

describe('executing a planned operation', () => {
  const schema = testSchema()

  it('answers random operations as graphql-js does, with the same values and the same errors at the same places', async () => {
    let valid = 0
    let failing = 0
    for (let seed = 0; seed < 60; seed += 1) {
      const random = randomOf(seed)
      const document = parse(randomDocument(random))
      if (validate(schema, document, RULES).length > 0) continue
      valid += 1
      for (const yes of [true, false, true]) {
        const variableValues = { yes, ...(random(2) === 0 && { n: random(5) }) }
        const [ours, theirs] = [
          await executeOperation({ schema, document, variableValues }),
          await execute({ schema, document, variableValues }),
        ]
        if ((theirs.errors ?? []).length > 0) failing += 1
        expect(comparable(ours), `seed ${seed}`).toEqual(comparable(theirs))
      }
    }
    expect(valid).toBeGreaterThan(40)
    expect(failing).toBeGreaterThan(40)
  })

  it.each(['query', 'mutation', 'subscription'])(
    'takes the rejections of a list that another item has ended already: of a %s',
    async (kind) => {
      const late = () => Promise.reject(new Error('late'))
      const resolve = () => [late(), late(), null, late()]
      const numbers = { type: new GraphQLList(new GraphQLNonNull(GraphQLInt)), resolve }
      const [query, mutation, subscription] = ['Query', 'Mutation', 'Subscription'].map(
        (name) => new GraphQLObjectType({ name, fields: { numbers } }),
      )
      const ofNumbers = new GraphQLSchema({ query, mutation, subscription })
      const result = await executeOperation({ schema: ofNumbers, document: parse(`${kind} { numbers }`) })
      expect(result).toMatchObject({ data: { numbers: null }, errors: [{ path: ['numbers', 2] }] })
      // What nobody takes is known by then, and fails the run.
      await new Promise((next) => setImmediate(next))
    },
  )

  it('plans a document once for each choice of what it includes, and again when there is no more room', async () => {
    const document = parse('query ($yes: Boolean!) { text @include(if: $yes) sure }')
    const operation = getOperationAST(document)
    if (operation == null) throw new Error('There is one.')
    const plans = new OperationPlans(schema, 3)
    const planOf = (yes: boolean) => {
      const plan = plans.of(document, operation, { yes })
      plan.root(schema.getQueryType() as GraphQLObjectType, { yes })
      return plan
    }
    const [first, other] = [planOf(true), planOf(false)]
    expect(other).not.toBe(first)
    const second = planOf(true)
    expect(second).not.toBe(first)
    expect(planOf(true)).toBe(second)
  })

  it('leaves nothing of an object behind a name like __proto__', async () => {
    const document = parse('{ __proto__: plain other: __typename }')
    const { data } = await executeOperation({ schema, document, rootValue: { plain: 'mine' } })
    expect(JSON.stringify(data)).toBe('{"__proto__":"mine","other":"Query"}')
  })
})

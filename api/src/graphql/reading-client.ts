import { Prisma, type ModelName, type PrismaClient, type Reader } from '@gaugeline/prisma'

type Find = (query: {
  where: Record<string, string>
  include?: NonNullable<Parameters<Reader['find']>[2]>['include']
}) => Promise<object | null>

const clients = new WeakMap<Reader, PrismaClient>()

/** What Pothos reads single rows with, by their ids or to follow a relation: in the place of a client of Prisma. */
export function readingClient(reader: Reader): PrismaClient {
  const known = clients.get(reader)
  if (known) return known
  const delegates = Object.keys(Prisma.ModelName).map((model) => {
    const findUnique: Find = ({ where, include }) => reader.find(model as ModelName, where, { include })
    const findUniqueOrThrow: Find = async (query) => {
      const row = await findUnique(query)
      if (!row) throw new Error(`A row of ${model} was removed while it was read`)
      return row
    }
    return [`${model.charAt(0).toLowerCase()}${model.slice(1)}`, { findUnique, findUniqueOrThrow }]
  })
  const client = Object.fromEntries(delegates) as PrismaClient
  clients.set(reader, client)
  return client
}

import { type Model, Prisma, type Reader, type Selection, type Transaction } from '@gaugeline/prisma'
import type { InputChecks } from '../base/input-checks.ts'
import type { Page, PageRequest } from '../base/page.ts'
import type { Keyset } from '../lists/chunks.ts'
import { countOf, pageOf } from '../lists/paging.ts'
import { containing } from '../lists/conditions.ts'

const NAME = /^[A-Za-z0-9._/-]{1,100}$/

const BY_NAME: Keyset = {
  name: 'model-name',
  direction: 'asc',
  columns: [
    { sql: Prisma.sql`t.name`, type: 'string' },
    { sql: Prisma.sql`t.id`, type: 'uuid' },
  ],
}

/** Owns the registered models. */
export class Models {
  readonly #reader: Reader

  constructor(reader: Reader) {
    this.#reader = reader
  }

  byName(name: string, selection?: Selection): Promise<Model | null> {
    return this.#reader.find('Model', { name }, selection)
  }

  list(search: string | null | undefined, page: PageRequest, selection?: Selection): Promise<Page<Model>> {
    const source = {
      keyset: BY_NAME,
      from: Prisma.sql`models t`,
      filter: search ? [containing(Prisma.sql`t.name`, search)] : [],
    }
    return pageOf(this.#reader.rowsOf('Model', selection), source, page, () => countOf(this.#reader, source))
  }

  /** The model with this name; it is created if it does not exist. Concurrent calls end up with one model. */
  async findOrCreate(tx: Prisma.TransactionClient, name: string): Promise<Model> {
    await tx.model.createMany({ data: [{ name }], skipDuplicates: true })
    return tx.model.findUniqueOrThrow({ where: { name } })
  }

  /**
   * Locks a model's row until the transaction ends. Creating and resuming a deployment take this lock first, so that
   * such changes to one model are serialised.
   */
  async lock(tx: Transaction, modelId: string): Promise<void> {
    await tx.$queryRaw`select 1 from models where id = ${modelId}::uuid for update`
  }
}

/** How version number N is written. */
export function versionOf(versionNumber: number): string {
  return `v1.${versionNumber}.0`
}

export function checkModelName(checks: InputChecks, path: string[], name: string): void {
  if (!NAME.test(name)) {
    checks.add(path, 'must have 1 to 100 characters: letters, digits, ".", "_", "-" or "/".')
  }
}

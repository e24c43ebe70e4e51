import { type ApiToken, Prisma, type PrismaClient, type Reader, type Selection } from '@gaugeline/prisma'
import type { Clock } from '../base/clock.ts'
import { type IdempotencyKey, checkIdempotencyKey, type Idempotency } from '../idempotency/idempotency.ts'
import { InputChecks } from '../base/input-checks.ts'
import type { Page, PageRequest } from '../base/page.ts'
import type { ListSource } from '../lists/chunks.ts'
import { countOf, pageOf } from '../lists/paging.ts'
import { takePlace } from '../base/quotas.ts'
import { TRANSACTION } from '../base/transaction.ts'
import { ApiTokenNotFoundError } from './api-token.errors.ts'
import { plainName } from '../base/names.ts'
import { checkTokenName } from './token-name.ts'
import { digest, newSecret } from './secrets.ts'
import { type Scope, SCOPES, type Viewer } from '../base/viewer.ts'

const PREFIX = 'gl_'
const SECRET = /^gl_[\w-]{43}$/

const NEWEST_FIRST: ListSource = {
  keyset: {
    name: 'api-token-created',
    direction: 'desc',
    columns: [
      { sql: Prisma.sql`t.created_at`, type: 'date' },
      { sql: Prisma.sql`t.id`, type: 'uuid' },
    ],
  },
  from: Prisma.sql`api_tokens t`,
}

export interface NewApiToken {
  name: string
  scopes: readonly Scope[]
  expiresAt?: Date | null | undefined
  /** The only deployment that it may report for, a uuid; only with the scope REPORT. */
  deploymentId?: string | null | undefined
}

export interface NewlyMadeApiToken {
  apiToken: ApiToken
  /** Null when the call that created the token is repeated. */
  secret: string | null
}

export interface ApiTokensOptions {
  prisma: PrismaClient
  reader: Reader
  idempotency: Idempotency
  clock: Clock
  /** How many there may be that are neither revoked nor expired. */
  maxTokens: number
  /** Called when a token is being revoked, also when the database's answer gets lost. */
  onEnd: (tokenId: string) => void
}

/** Owns the API tokens, with which programs call the API. Secrets are random and stored as hashes only. */
export class ApiTokens {
  readonly #prisma: PrismaClient
  readonly #reader: Reader
  readonly #idempotency: Idempotency
  readonly #clock: Clock
  readonly #maxTokens: number
  readonly #onEnd: (tokenId: string) => void

  constructor({ prisma, reader, idempotency, clock, maxTokens, onEnd }: ApiTokensOptions) {
    this.#prisma = prisma
    this.#reader = reader
    this.#idempotency = idempotency
    this.#clock = clock
    this.#maxTokens = maxTokens
    this.#onEnd = onEnd
  }

  /**
   * Returns the token and its secret. The secret cannot be read again: a repeated call returns null for it.
   * @throws InvalidInputError, IdempotencyConflictError, QuotaExceededError
   */
  async create(input: NewApiToken, by: Viewer, idempotencyKey?: IdempotencyKey): Promise<NewlyMadeApiToken> {
    const now = this.#clock.now()
    const name = plainName(input.name)
    const checks = new InputChecks()
    checkTokenName(checks, ['name'], name)
    if (input.scopes.length === 0) checks.add(['scopes'], 'must contain at least one scope.')
    const beyond = SCOPES.filter((scope) => input.scopes.includes(scope) && !by.scopes.has(scope))
    if (beyond.length > 0) checks.add(['scopes'], `must be scopes you have yourself; you lack ${beyond.join(', ')}.`)
    if (input.expiresAt != null && input.expiresAt.getTime() <= now) checks.add(['expiresAt'], 'must be in the future.')
    const deploymentId = input.deploymentId ?? null
    if (deploymentId !== null && input.scopes.some((scope) => scope !== 'REPORT')) {
      checks.add(['deploymentId'], 'binds a token to what it reports for: its only scope must be REPORT.')
    } else if (deploymentId !== null && !(await this.#isDeployment(deploymentId))) {
      checks.add(['deploymentId'], 'must be the id of a deployment; there is none with this one.')
    }
    checkIdempotencyKey(checks, idempotencyKey)
    checks.done()
    const scopes = SCOPES.filter((scope) => input.scopes.includes(scope))
    const expiresAt = input.expiresAt ?? null
    return await this.#prisma.$transaction(
      (tx) =>
        this.#idempotency.once<NewlyMadeApiToken>(tx, idempotencyKey, {
          operation: 'createApiToken',
          input: {
            name,
            scopes,
            expiresAt: expiresAt?.toISOString() ?? null,
            // Calls of before there were bound tokens stay the same.
            ...(deploymentId !== null && { deploymentId }),
          },
          run: async () => {
            await takePlace(tx, 'API_TOKENS', this.#maxTokens, () =>
              tx.apiToken.count({
                where: { revokedAt: null, OR: [{ expiresAt: null }, { expiresAt: { gt: new Date(now) } }] },
              }),
            )
            const secret = PREFIX + newSecret()
            const createdAt = new Date(now)
            const data = {
              name,
              tokenHash: digest(secret).toString('hex'),
              scopes,
              createdAt,
              createdBy: by.name,
              expiresAt,
              deploymentId,
            }
            return { apiToken: await tx.apiToken.create({ data }), secret }
          },
          idOf: ({ apiToken }) => apiToken.id,
          replay: async (id) => {
            const apiToken = await tx.apiToken.findUnique({ where: { id } })
            return apiToken && { apiToken, secret: null }
          },
        }),
      TRANSACTION,
    )
  }

  async #isDeployment(id: string): Promise<boolean> {
    return (await this.#prisma.deployment.findUnique({ where: { id }, select: { id: true } })) !== null
  }

  /**
   * Revokes a token and closes what was opened with it. Revoking a revoked token changes nothing.
   * @throws ApiTokenNotFoundError
   */
  async revoke(id: string): Promise<ApiToken> {
    try {
      const revokedAt = new Date(this.#clock.now())
      await this.#prisma.apiToken.updateMany({ where: { id, revokedAt: null }, data: { revokedAt } })
    } finally {
      this.#onEnd(id)
    }
    const apiToken = await this.#prisma.apiToken.findUnique({ where: { id } })
    if (apiToken === null) throw new ApiTokenNotFoundError()
    return apiToken
  }

  /** All tokens, newest first, including revoked and expired ones. */
  list(page: PageRequest, selection?: Selection): Promise<Page<ApiToken>> {
    return pageOf(this.#reader.rowsOf('ApiToken', selection), NEWEST_FIRST, page, () =>
      countOf(this.#reader, NEWEST_FIRST),
    )
  }

  /** The token behind a hash, unless it is unknown, revoked or expired. */
  async byHash(hash: string): Promise<ApiToken | undefined> {
    const apiToken = await this.#reader.find('ApiToken', { tokenHash: hash })
    return apiToken !== null && isLive(apiToken, this.#clock) ? apiToken : undefined
  }

  /** Writes when tokens were last used, by their ids. A time earlier than the stored one changes nothing. */
  async markUsed(usedAt: ReadonlyMap<string, Date>): Promise<void> {
    await this.#prisma.$executeRaw`
      update api_tokens set last_used_at = used.at
      from unnest(${[...usedAt.keys()]}::uuid[], ${[...usedAt.values()]}::timestamptz[]) as used (id, at)
      where api_tokens.id = used.id and (last_used_at is null or last_used_at < used.at)`
  }
}

/** Whether a token can be used now. */
function isLive({ expiresAt, revokedAt }: Pick<ApiToken, 'expiresAt' | 'revokedAt'>, clock: Clock): boolean {
  return revokedAt === null && (expiresAt === null || clock.now() < expiresAt.getTime())
}

/** What is stored of a secret, whose digest may be passed in; undefined for text that cannot be a secret. */
export function tokenHashOf(secret: string, digested: Buffer = digest(secret)): string | undefined {
  return SECRET.test(secret) ? digested.toString('hex') : undefined
}

import type { PrismaClient, Reader } from '@gaugeline/prisma'
import type { Clock } from '../base/clock.ts'
import type { Idempotency } from '../idempotency/idempotency.ts'
import { AccessEnds } from './access-ends.ts'
import { ApiTokens } from './api-tokens.ts'
import { createPrismaSessionStore } from './prisma-session-store.ts'
import { Sessions } from './sessions.ts'
import { TokenUses } from './token-uses.ts'

/** Everything about access that is stored in the database. */
export interface Access {
  apiTokens: ApiTokens
  tokenUses: TokenUses
  sessions: Sessions
  ends: AccessEnds
}

interface AccessOptions {
  prisma: PrismaClient
  reader: Reader
  idempotency: Idempotency
  clock: Clock
  monotonic: Clock
  adminToken: string | undefined
  maxTokens: number
  onError: (error: unknown) => void
}

export function createAccess(options: AccessOptions): Access {
  const { prisma, reader, idempotency, clock, monotonic, adminToken, maxTokens, onError } = options
  const ends = new AccessEnds()
  const apiTokens = new ApiTokens({
    prisma,
    reader,
    idempotency,
    clock,
    maxTokens,
    onEnd: (tokenId) => ends.emit({ tokenId }),
  })
  return {
    apiTokens,
    tokenUses: new TokenUses({ clock, monotonic, write: (usedAt) => apiTokens.markUsed(usedAt), onError }),
    sessions: new Sessions({
      store: createPrismaSessionStore(prisma),
      clock,
      adminToken,
      onEnd: (sessionId) => ends.emit({ sessionId }),
    }),
    ends,
  }
}

import type { PrismaClient } from '@gaugeline/prisma'
import type { SessionStore } from './sessions.ts'

const MAX_REMOVED = 1000

/** Keeps sessions in the Session table. */
export function createPrismaSessionStore({ session }: Pick<PrismaClient, 'session'>): SessionStore {
  return {
    insert: async (data) => {
      await session.create({ data })
    },
    find: async (tokenHash) => await session.findUnique({ where: { tokenHash }, include: { apiToken: true } }),
    hashesOf: async ({ name, apiTokenId }, now) => {
      const rows = await session.findMany({
        where: { name, apiTokenId, expiresAt: { gt: now } },
        orderBy: [{ createdAt: 'desc' }, { tokenHash: 'desc' }],
        select: { tokenHash: true },
      })
      return rows.map(({ tokenHash }) => tokenHash)
    },
    remove: async (tokenHashes) => {
      const { count } = await session.deleteMany({ where: { tokenHash: { in: [...tokenHashes] } } })
      return count
    },
    removeEnded: async (now) => {
      const { count } = await session.deleteMany({
        where: { OR: [{ expiresAt: { lte: now } }, { apiToken: { revokedAt: { not: null } } }] },
        limit: MAX_REMOVED,
      })
      return count
    },
  }
}

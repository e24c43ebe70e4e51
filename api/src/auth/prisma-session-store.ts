import type { SessionStore, StoredSession } from './sessions.ts'

/** The part of a Prisma client that sessions need. */
export interface SessionTable {
  session: {
    create(args: { data: StoredSession }): PromiseLike<unknown>
    findUnique(args: { where: { tokenHash: string } }): PromiseLike<StoredSession | null>
    deleteMany(args: { where: { tokenHash: string } | { expiresAt: { lte: Date } } }): PromiseLike<unknown>
  }
}

/** Sessions in the Session table. */
export function createPrismaSessionStore(prisma: SessionTable): SessionStore {
  return {
    insert: async (data) => {
      await prisma.session.create({ data })
    },
    find: async (tokenHash) => await prisma.session.findUnique({ where: { tokenHash } }),
    remove: async (tokenHash) => {
      await prisma.session.deleteMany({ where: { tokenHash } })
    },
    removeExpired: async (now) => {
      await prisma.session.deleteMany({ where: { expiresAt: { lte: now } } })
    },
  }
}

import type { Deps } from '../src/deps.ts'

/** Removes samples whose windows started before a time, as retention does with whole partitions. Returns how many. */
export async function removeSamplesBefore({ services }: Pick<Deps, 'services'>, ms: number): Promise<number> {
  const { count } = await services.prisma.sample.deleteMany({ where: { windowStart: { lt: new Date(ms) } } })
  return count
}

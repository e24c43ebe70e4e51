import type { PrismaClient, TrainingStep } from '@gaugeline/prisma'

export interface CurveRequest {
  trainingJobId: string
  maxPoints: number
}

/** Steps that one statement reads: an embedded database does nothing else meanwhile. */
const CHUNK_STEPS = 500
/** Jobs that one statement looks up. */
const CHUNK_JOBS = 100

/** The position of a step in the curve of a request. */
interface Place {
  request: number
  trainingJobId: string
  position: number
}

/**
 * Loss curves in the order of their requests, each in the order of its steps. A longer one is thinned evenly, by the
 * order in which its steps arrived, and always has its last step. What is read is what is returned, however long a curve
 * is, in statements of a few milliseconds.
 */
export async function readCurves(prisma: PrismaClient, requests: readonly CurveRequest[]): Promise<TrainingStep[][]> {
  const places: Place[] = []
  for (let at = 0; at < requests.length; at += CHUNK_JOBS) {
    const some = requests.slice(at, at + CHUNK_JOBS)
    const extents = await extentsOf(prisma, some)
    for (const [n, { trainingJobId, maxPoints }] of some.entries()) {
      const extent = extents.get(trainingJobId)
      for (const position of extent ? positionsOf(extent, maxPoints) : []) {
        places.push({ request: at + n, trainingJobId, position })
      }
    }
  }
  const curves = requests.map((): TrainingStep[] => [])
  for (let at = 0; at < places.length; at += CHUNK_STEPS) {
    for (const { request, ...step } of await stepsAt(prisma, places.slice(at, at + CHUNK_STEPS))) {
      curves[request]?.push(step)
    }
  }
  // Steps may have arrived in another order.
  for (const curve of curves) curve.sort((a, b) => a.step - b.step)
  return curves
}

interface Extent {
  count: number
  /** The position of the step with the highest number. */
  last: number
}

/** By the ids of the jobs; one without steps is absent. */
async function extentsOf(prisma: PrismaClient, requests: readonly CurveRequest[]): Promise<Map<string, Extent>> {
  const ids = [...new Set(requests.map(({ trainingJobId }) => trainingJobId))]
  const extents = await prisma.$queryRaw<(Extent & { id: string })[]>`
    select j.id, j.step_count as count, s.position as last from training_jobs j cross join lateral (
      select position from training_steps where training_job_id = j.id order by step desc limit 1
    ) s where j.id = any(${ids}::uuid[])`
  return new Map(extents.map(({ id, ...extent }) => [id, extent]))
}

/** At most `maxPoints` of 1, 2, 3 … `count`: every second, third, … one, counted from the end; and `last`. */
function positionsOf({ count, last }: Extent, maxPoints: number): Set<number> {
  const stride = Math.ceil(count / maxPoints)
  const evenly = Array.from({ length: Math.ceil(count / stride) }, (_, n) => count - n * stride)
  const positions = new Set(evenly)
  // Where it did not arrive last, it takes the place of the one that did.
  if (!positions.has(last)) positions.delete(count)
  return positions.add(last)
}

function stepsAt(prisma: PrismaClient, places: readonly Place[]): Promise<(TrainingStep & { request: number })[]> {
  return prisma.$queryRaw`
    select p.request, s.training_job_id as "trainingJobId", s.step, s.position, s.loss, s.accuracy, s.at from unnest(
      ${places.map(({ request }) => request)}::int[], ${places.map(({ trainingJobId }) => trainingJobId)}::uuid[],
      ${places.map(({ position }) => position)}::int[]
    ) as p(request, job, position) cross join lateral (
      select * from training_steps where training_job_id = p.job and position = p.position limit 1
    ) s`
}

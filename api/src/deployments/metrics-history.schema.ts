import type { Prisma } from '@gaugeline/prisma'
import { builder } from '../graphql/builder.ts'
import type { Services } from '../deps.ts'
import { fromArg, HISTORY_COST, InferenceMetricsHistoryType, maxPointsArg, toArg } from '../samples/metrics.schema.ts'
import { deploymentFilter, filterArg } from './deployment.schema.ts'

builder.prismaObjectField('Model', 'metricsHistory', (t) =>
  t.field({
    cost: HISTORY_COST,
    type: InferenceMetricsHistoryType,
    description:
      'The history of the metrics of all deployments of the model together, deleted ones included. A range in which `from` does not lie before `to` is refused as `BAD_USER_INPUT`.',
    args: { from: t.arg(fromArg), to: t.arg(toArg), maxPoints: t.arg.int(maxPointsArg) },
    resolve: async ({ id }, range, { services }) => historyOf(services, { modelId: id }, range),
  }),
)

builder.queryField('fleetMetricsHistory', (t) =>
  t.field({
    scope: 'READ',
    cost: HISTORY_COST,
    type: InferenceMetricsHistoryType,
    description: `The history of the metrics of all deployments that match a filter, merged: without one, of the whole fleet, deleted deployments included. A range in which \`from\` does not lie before \`to\` is refused as \`BAD_USER_INPUT\`.

Example:
\`fleetMetricsHistory(from: "2026-11-01T00:00:00Z", maxPoints: 100) { points { at requestsPerSecond } }\``,
    args: {
      filter: t.arg(filterArg),
      from: t.arg(fromArg),
      to: t.arg(toArg),
      maxPoints: t.arg.int(maxPointsArg),
    },
    resolve: async (_root, { filter, ...range }, { services }) => {
      const { model } = deploymentFilter(filter)
      return historyOf(services, model == null ? {} : { model: { name: model } }, range)
    },
  }),
)

interface Range {
  from: Date
  to?: Date | null | undefined
  maxPoints?: number | null | undefined
}

async function historyOf(
  { prisma, history }: Services,
  where: Prisma.DeploymentWhereInput,
  { from, to, maxPoints }: Range,
) {
  const deployments = await prisma.deployment.findMany({ where, select: { key: true } })
  const range = { fromMs: from.getTime(), toMs: to?.getTime(), maxPoints: maxPoints ?? 300 }
  return {
    ...(await history.ofDeployments({ ...range, deploymentKeys: deployments.map(({ key }) => key) })),
    deploymentId: null,
  }
}

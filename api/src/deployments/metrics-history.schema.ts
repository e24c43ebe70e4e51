import { builder } from '../graphql/builder.ts'
import {
  FLEET_HISTORY_COST,
  fromArg,
  HISTORY_COST,
  historyRange,
  InferenceMetricsHistoryType,
  maxPointsArg,
  toArg,
} from '../samples/history.schema.ts'
import { deploymentFilter, filterArg } from './deployment.schema.ts'

builder.prismaObjectField('Model', 'metricsHistory', (t) =>
  t.field({
    cost: HISTORY_COST,
    type: InferenceMetricsHistoryType,
    description: `The history of the metrics of all deployments of the model together, merged; deleted ones are included in points of a minute and more. A range in which \`from\` does not lie before \`to\` is refused as \`BAD_USER_INPUT\`.

Example:
\`model(name: "team/model") { metricsHistory(from: "2026-11-01T00:00:00Z", maxPoints: 100) { points { at requestsPerSecond } } }\``,
    args: { from: t.arg(fromArg), to: t.arg(toArg), maxPoints: t.arg.int(maxPointsArg) },
    resolve: (model, args, { services }, info) => services.history.ofModel(model, historyRange(args, info)),
  }),
)

builder.queryField('fleetMetricsHistory', (t) =>
  t.field({
    scope: 'READ',
    cost: FLEET_HISTORY_COST,
    type: InferenceMetricsHistoryType,
    description: `The history of the metrics of all deployments that match a filter, merged. Without a filter it is that of the whole fleet, and with nothing but a \`model\` that of the model; both include deleted deployments in points of a minute and more. With any other filter the stored windows of each deployment are read, so points are wider where many match; more than 60,000 stored windows are refused as \`LIMIT_EXCEEDED\`. A range in which \`from\` does not lie before \`to\` is refused as \`BAD_USER_INPUT\`.

Example:
\`fleetMetricsHistory(from: "2026-11-01T00:00:00Z", maxPoints: 100) { points { at requestsPerSecond } }\``,
    args: {
      filter: t.arg(filterArg),
      from: t.arg(fromArg),
      to: t.arg(toArg),
      maxPoints: t.arg.int(maxPointsArg),
    },
    resolve: (_root, { filter, ...args }, { services }, info) =>
      services.history.ofFleet(deploymentFilter(filter), historyRange(args, info)),
  }),
)

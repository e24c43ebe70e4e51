import '../graphql/scalars.ts'
import '../graphql/errors.schema.ts'
import '../graphql/nodes.schema.ts'
import '../graphql/server-info.schema.ts'
import '../auth/viewer.schema.ts'
import '../auth/api-token.schema.ts'
import '../auth/session.schema.ts'
import '../samples/metrics.schema.ts'
import '../models/model.schema.ts'
import '../training/training-job.schema.ts'
import '../training/training-mutations.schema.ts'
import '../deployments/deployment.schema.ts'
import '../deployments/deployability.schema.ts'
import '../deployments/deployment-event.schema.ts'
import '../deployments/deployment-mutations.schema.ts'
import '../deployments/bulk-changes.schema.ts'
import '../deployments/deployment-source.schema.ts'
import '../deployments/report-inferences.schema.ts'
import '../deployments/live-metrics.schema.ts'
import '../deployments/metrics-history.schema.ts'
import '../webhooks/webhook.schema.ts'
import '../webhooks/webhook-mutations.schema.ts'
import { builder } from '../graphql/builder.ts'

/** The whole schema. Opens no database. */
export const schema = builder.toSchema()

schema.description =
  'The API of Gaugeline: model deployments, the training jobs that they are made from, and their metrics, live. Each root field names the scope that a caller needs. Lists are connections as Relay specifies them, mutations answer with unions of their success and the errors that the caller can correct, and subscriptions run over WebSocket and Server-Sent Events. The pages docs/integrating.md, docs/limits.md and docs/stability.md say more.'

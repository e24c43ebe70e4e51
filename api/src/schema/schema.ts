import '../graphql/scalars.ts'
import '../graphql/errors.schema.ts'
import '../auth/viewer.schema.ts'
import '../auth/api-token.schema.ts'
import '../auth/session.schema.ts'
import '../samples/metrics.schema.ts'
import '../models/model.schema.ts'
import '../training/training-job.schema.ts'
import '../training/training-mutations.schema.ts'
import '../deployments/deployment.schema.ts'
import '../deployments/deployment-event.schema.ts'
import '../deployments/deployment-mutations.schema.ts'
import '../deployments/live-metrics.schema.ts'
import '../webhooks/webhook.schema.ts'
import '../webhooks/webhook-mutations.schema.ts'
import { builder } from '../graphql/builder.ts'

/** The whole schema. Opens no database. */
export const schema = builder.toSchema()

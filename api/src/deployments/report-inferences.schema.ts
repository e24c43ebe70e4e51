import { builder } from '../graphql/builder.ts'
import { objectQuery } from '../graphql/connections.ts'
import { ErrorInterface } from '../graphql/errors.schema.ts'
import { inputUuid } from '../graphql/ids.ts'
import { DeploymentNotFoundError, DeploymentPausedError, SourceNotReportedError } from './deployment.errors.ts'
import type { TakenReport } from './reported-inferences.ts'

builder.objectType(SourceNotReportedError, {
  name: 'SourceNotReportedError',
  description: 'Only a deployment with a source that is REPORTED takes reports.',
  interfaces: [ErrorInterface],
})
builder.objectType(DeploymentPausedError, {
  name: 'DeploymentPausedError',
  description: 'A paused deployment takes no reports; resume it first.',
  interfaces: [ErrorInterface],
})

const RequestInput = builder.inputType('ReportedRequestInput', {
  description: 'A request that has finished.',
  fields: (t) => ({
    at: t.field({ type: 'DateTime', required: true, description: 'When it finished.' }),
    latencyMs: t.float({ required: true, description: 'How long it took from its arrival, in milliseconds.' }),
    timeToFirstTokenMs: t.float({
      description: 'How long its first token took, in milliseconds; left out unless it was streamed.',
    }),
    queueTimeMs: t.float({ description: 'How long it waited before it was worked on, in milliseconds.' }),
    promptTokens: t.int({ description: 'The number of tokens in its prompt.' }),
    generatedTokens: t.int({ description: 'The number of tokens that were generated for it.' }),
    error: t.string({ description: 'Why it failed, in a few words; left out when it succeeded.' }),
  }),
})

const Success = builder.objectRef<TakenReport>('ReportInferencesSuccess').implement({
  description: 'The report is stored, and is counted once.',
  fields: (t) => ({
    accepted: t.exposeInt('accepted', { description: 'The number of requests that are counted.' }),
    late: t.exposeInt('late', {
      description: 'How many of them came after their own window was closed, and are counted in a later one.',
    }),
    isRepeated: t.exposeBoolean('isRepeated', {
      description: 'Whether the same report was taken before; this one changed nothing.',
    }),
  }),
})

builder.mutationFields((t) => ({
  reportInferences: t.fieldWithInput({
    scope: 'REPORT',
    type: Success,
    description: `Reports requests that a deployment has served. They are stored before the answer, and counted once, however often the report is sent.

Example:
\`reportInferences(input: { deploymentId: "RGVwbG95bWVudDo…", reporter: "replica-0", sequence: 1, requests: [{ at: "2026-11-23T14:02:00Z", latencyMs: 412.5 }] })\``,
    errors: { types: [DeploymentNotFoundError, SourceNotReportedError, DeploymentPausedError] },
    typeOptions: { description: 'The requests to report.' },
    input: {
      deploymentId: t.input.id({ required: true, description: 'The id of the deployment that served them.' }),
      reporter: t.input.string({
        required: true,
        description: 'The name of who reports, the same each time: 1 to 100 characters. Each replica has its own.',
      }),
      sequence: t.input.field({
        type: 'Count',
        required: true,
        description:
          'The number of the report among those of its reporter. A report with a number that was used in the last ten minutes is taken for a repetition.',
      }),
      requests: t.input.field({
        type: [RequestInput],
        required: true,
        description:
          'The requests, at most 1,000. Without any, the report says that there were none since the last one.',
      }),
    },
    resolve: async (_root, { input: { deploymentId, ...report } }, { services, viewer }) =>
      services.reportedInferences.report(inputUuid('Deployment', 'deploymentId', deploymentId), report, viewer),
  }),
}))

builder.prismaObjectField('ApiToken', 'deployment', (t) =>
  t.prismaField({
    type: 'Deployment',
    nullable: true,
    description:
      'The only deployment that the token may report for; null when it may report for any, and when that was deleted.',
    columns: ['deploymentId'],
    resolve: (query, { deploymentId }, _args, { services }, info) =>
      deploymentId === null ? null : services.deployments.byId(deploymentId, objectQuery(query, info)),
  }),
)

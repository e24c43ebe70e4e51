import { builder } from '../graphql/builder.ts'
import { inputUuid } from '../graphql/ids.ts'
import { CheckSuccess } from '../sources/scrape-check.schema.ts'
import { shownSource } from '../sources/shown-source.ts'
import { ScrapeError } from '../sources/source.errors.ts'
import { DeploymentSourceType } from '../sources/source.schema.ts'
import { ScrapeInput, SourceInput } from '../sources/source-input.schema.ts'
import { DeploymentType } from './deployment.schema.ts'
import { deploymentSuccess, NOTE } from './deployment-mutations.schema.ts'
import { DeploymentNotFoundError } from './deployment.errors.ts'

builder.prismaObjectField(DeploymentType, 'source', (t) =>
  t.field({
    type: DeploymentSourceType,
    description: 'Where the metrics of the deployment come from, and how that is doing.',
    resolve: (deployment, _args, { services }) => shownSource(deployment, services.serverInfo.intervalMs),
  }),
)

builder.mutationFields((t) => ({
  updateDeploymentSource: t.fieldWithInput({
    scope: 'DEPLOY',
    type: deploymentSuccess('UpdateDeploymentSourceSuccess', 'The deployment has this source.'),
    description: `Gives a deployment another source, or other settings of its source. Its samples continue the same sequence. The settings are replaced as a whole; only the authorization stays when it is left out. What is the same already changes nothing. A paused deployment has the source when it is resumed.

Example:
\`updateDeploymentSource(input: { deploymentId: "RGVwbG95bWVudDo…", source: { report: {} } })\``,
    errors: { types: [DeploymentNotFoundError] },
    typeOptions: { description: 'The deployment and its source from now on.' },
    input: {
      deploymentId: t.input.id({ required: true, description: 'The id of the deployment.' }),
      source: t.input.field({ type: SourceInput, required: true, description: 'The source from now on.' }),
      note: t.input.string({ description: NOTE }),
    },
    resolve: async (_root, { input: { deploymentId, source, note } }, { services, viewer }) => ({
      deployment: await services.sources.update(inputUuid('Deployment', 'deploymentId', deploymentId), source, {
        by: viewer.name,
        note,
      }),
    }),
  }),
  checkScrapeTarget: t.fieldWithInput({
    scope: 'DEPLOY',
    type: CheckSuccess,
    description: `Reads the metrics of a target once, for at most 10 seconds, and says what they are and what would be recorded from them. Nothing is stored.

Example:
\`checkScrapeTarget(input: { scrape: { url: "http://vllm-0.internal:8000/metrics" } })\``,
    errors: { types: [ScrapeError, DeploymentNotFoundError] },
    typeOptions: { description: 'The target to read.' },
    input: {
      scrape: t.input.field({ type: ScrapeInput, required: true, description: 'Where the metrics are.' }),
      deploymentId: t.input.id({
        description:
          'The id of a deployment. When the authorization is left out, the target is read with that of the deployment, if the scheme, host and port are the same.',
      }),
    },
    resolve: async (_root, { input: { scrape, deploymentId } }, { services }) => ({
      check: await services.sources.check(
        scrape,
        deploymentId == null ? undefined : inputUuid('Deployment', 'deploymentId', deploymentId),
      ),
    }),
  }),
}))

import { readFileSync } from 'node:fs'
import {
  type GraphQLNamedType,
  buildSchema,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  isScalarType,
  isUnionType,
} from 'graphql'
import { describe, expect, it } from 'vitest'
import { printedSchema } from '../src/schema/printed-schema.ts'
import { schema } from '../src/schema/schema.ts'

const own = Object.values(schema.getTypeMap()).filter(
  ({ name }) => !name.startsWith('__') && !['String', 'Int', 'Float', 'Boolean', 'ID'].includes(name),
)

/** Every element of a type that can have a description, by its path. */
function elements(type: GraphQLNamedType): [path: string, description: string | null | undefined][] {
  const found: [string, string | null | undefined][] = [[type.name, type.description]]
  if (isEnumType(type)) {
    for (const value of type.getValues()) found.push([`${type.name}.${value.name}`, value.description])
  } else if (isObjectType(type) || isInterfaceType(type)) {
    for (const field of Object.values(type.getFields())) {
      found.push([`${type.name}.${field.name}`, field.description])
      for (const arg of field.args) found.push([`${type.name}.${field.name}(${arg.name}:)`, arg.description])
    }
  } else if (isInputObjectType(type)) {
    for (const field of Object.values(type.getFields())) found.push([`${type.name}.${field.name}`, field.description])
  }
  return found
}

function fieldsOf(name: string): string[] {
  const type = schema.getType(name)
  if (!isObjectType(type) && !isInputObjectType(type)) throw new Error(`${name} has no fields`)
  return Object.keys(type.getFields())
}

const words = (text: string) => text.trim().split(/\s+/)
const sortedWords = (text: string) => words(text).toSorted()

describe('the schema', () => {
  it('is committed as schema.graphql exactly as the code defines it', () => {
    const committed = readFileSync(new URL('../schema.graphql', import.meta.url), 'utf8')
    const isSame = committed === printedSchema
    const drift = isSame ? 'none' : 'api/schema.graphql is not what the code says. Run: npm run generate'
    expect(drift).toBe('none')
  })

  it('describes every type, field, argument, enum value and input field', () => {
    const all = own.flatMap(elements)
    expect(all.length).toBeGreaterThan(300)
    expect(all.filter(([, description]) => !description?.trim()).map(([path]) => path)).toEqual([])
  })

  it('says of every type in the messages of subscriptions whether they may be kept for those who resume', () => {
    const reached = new Map<string, unknown>()
    const visit = (name: string) => {
      const type = schema.getType(name)
      if (reached.has(name) || !(isObjectType(type) || isInterfaceType(type) || isUnionType(type))) return
      const says = type.extensions['ofPosition']
      reached.set(name, says ?? 'nothing: give it OF_POSITION or READ_ANEW')
      // What lies behind a type that is read anew is read anew as well.
      if (says !== true || isUnionType(type)) return
      for (const field of Object.values(type.getFields())) visit(getNamedType(field.type).name)
    }
    for (const field of Object.values(schema.getSubscriptionType()!.getFields())) visit(getNamedType(field.type).name)
    expect(Object.fromEntries(reached)).toEqual({
      InferenceMetricsUpdate: true,
      InferenceMetrics: true,
      LatencyBucket: true,
      LatencySummary: true,
      Quantile: true,
      FleetMetricsUpdate: true,
      DeploymentMetrics: true,
      ErrorCount: true,
      DeploymentEventUpdate: true,
      DeploymentEvent: true,
      Deployment: false,
      TrainingJobUpdate: true,
      TrainingStep: true,
      TrainingJob: false,
    })
  })

  it('describes itself, and names the specification of each scalar that has a public one', () => {
    expect(schema.description).toMatch(/^The API of Gaugeline: .*\.$/)
    expect(buildSchema(printedSchema).description).toBe(schema.description)
    const scalars = own.filter(isScalarType).map(({ name, specifiedByURL }) => [name, specifiedByURL ?? null])
    expect(Object.fromEntries(scalars)).toEqual({
      DateTime: 'https://www.rfc-editor.org/rfc/rfc3339#section-5.6',
      JSON: 'https://www.rfc-editor.org/rfc/rfc8259',
      Count: null,
      SampleCursor: null,
      EventCursor: null,
    })
  })

  it('describes in sentences, with each example on a line of its own', () => {
    const texts = own.flatMap(elements).map(([path, description]) => [path, (description ?? '').trim()] as const)
    const wrong = texts.filter(([, text]) => {
      const [sentences = '', ...examples] = text.split('\n\nExample:\n')
      const isSentence = /^[A-Z`][^]*\.$/.test(sentences)
      return !isSentence || examples.length > 1 || !examples.every((example) => /^`[^`\n]+`[^\n]*$/.test(example))
    })
    expect(wrong).toEqual([])
    expect(texts.filter(([, text]) => /\b(like|for example|e\.g\.) `/i.test(text))).toEqual([])
  })

  it('has the root fields of its design', () => {
    expect(fieldsOf('Query').toSorted()).toEqual(
      words(`deployment deploymentByExternalId deploymentCounts deploymentEvents deployments eventCursor fleetMetricsHistory model models node
        nodes serverInfo trainingJob trainingJobByExternalId trainingJobCounts trainingJobs viewer webhooks`),
    )
    expect(fieldsOf('Mutation').toSorted()).toEqual(
      sortedWords(`cancelTrainingJob createApiToken deleteDeployment deleteTrainingJob deployTrainingJob endSessions pauseDeployment
        registerTrainingJob resumeDeployment revokeApiToken startTrainingJob updateTrainingJob createWebhook updateWebhook deleteWebhook
        rotateWebhookSecret sendTestWebhook redeliverWebhook updateDeployment pauseDeployments resumeDeployments updateDeploymentSource
        checkScrapeTarget reportInferences`),
    )
    expect(fieldsOf('Subscription').toSorted()).toEqual(
      words('deploymentEvents fleetMetrics inferenceMetrics trainingJobProgress'),
    )
  })

  it('answers every mutation with a union of its success and the errors that the caller can correct', () => {
    const unions = Object.fromEntries(
      own.filter(isUnionType).map((union) => [
        union.name,
        union
          .getTypes()
          .map(({ name }) => name)
          .toSorted(),
      ]),
    )
    expect(unions).toEqual({
      DeployTrainingJobResult: sortedWords(`DeployTrainingJobSuccess TrainingJobNotFoundError
        TrainingJobNotCompletedError DuplicateActiveDeploymentError DeploymentExternalIdTakenError
        QuotaExceededError IdempotencyConflictError InvalidInputError`),
      UpdateDeploymentResult: sortedWords(
        'UpdateDeploymentSuccess DeploymentNotFoundError DeploymentExternalIdTakenError InvalidInputError',
      ),
      UpdateDeploymentSourceResult: sortedWords(
        'UpdateDeploymentSourceSuccess DeploymentNotFoundError InvalidInputError',
      ),
      CheckScrapeTargetResult: sortedWords(
        'CheckScrapeTargetSuccess ScrapeError DeploymentNotFoundError InvalidInputError',
      ),
      ReportInferencesResult: sortedWords(`ReportInferencesSuccess DeploymentNotFoundError SourceNotReportedError
        DeploymentPausedError InvalidInputError`),
      PauseDeploymentsResult: sortedWords('PauseDeploymentsSuccess InvalidInputError'),
      ResumeDeploymentsResult: sortedWords('ResumeDeploymentsSuccess InvalidInputError'),
      PauseDeploymentsItemResult: sortedWords('PauseDeploymentSuccess DeploymentNotFoundError InvalidInputError'),
      ResumeDeploymentsItemResult: sortedWords(
        'ResumeDeploymentSuccess DeploymentNotFoundError DuplicateActiveDeploymentError QuotaExceededError InvalidInputError',
      ),
      PauseDeploymentResult: sortedWords('PauseDeploymentSuccess DeploymentNotFoundError InvalidInputError'),
      ResumeDeploymentResult: sortedWords(
        'ResumeDeploymentSuccess DeploymentNotFoundError DuplicateActiveDeploymentError QuotaExceededError InvalidInputError',
      ),
      DeleteDeploymentResult: sortedWords(
        'DeleteDeploymentSuccess DeploymentNotFoundError DeploymentActiveError InvalidInputError',
      ),
      RegisterTrainingJobResult: sortedWords(
        'RegisterTrainingJobSuccess TrainingJobExternalIdTakenError IdempotencyConflictError InvalidInputError',
      ),
      StartTrainingJobResult: sortedWords(
        'StartTrainingJobSuccess TrainingJobExternalIdTakenError QuotaExceededError IdempotencyConflictError InvalidInputError',
      ),
      UpdateTrainingJobResult: sortedWords(`UpdateTrainingJobSuccess TrainingJobNotFoundError TrainingJobFinishedError
        TrainingJobSimulatedError TrainingJobExternalIdTakenError QuotaExceededError InvalidInputError`),
      CancelTrainingJobResult: sortedWords(
        'CancelTrainingJobSuccess TrainingJobNotFoundError TrainingJobFinishedError InvalidInputError',
      ),
      CreateApiTokenResult: sortedWords(
        'CreateApiTokenSuccess QuotaExceededError IdempotencyConflictError InvalidInputError',
      ),
      RevokeApiTokenResult: sortedWords('RevokeApiTokenSuccess ApiTokenNotFoundError InvalidInputError'),
      EndSessionsResult: sortedWords('EndSessionsSuccess InvalidInputError'),
      DeleteTrainingJobResult: sortedWords(
        'DeleteTrainingJobSuccess TrainingJobNotFoundError TrainingJobHasDeploymentsError InvalidInputError',
      ),
      CreateWebhookResult: sortedWords(
        'CreateWebhookSuccess WebhookLimitError IdempotencyConflictError InvalidInputError',
      ),
      UpdateWebhookResult: sortedWords('UpdateWebhookSuccess WebhookNotFoundError InvalidInputError'),
      DeleteWebhookResult: sortedWords('DeleteWebhookSuccess WebhookNotFoundError InvalidInputError'),
      RotateWebhookSecretResult: sortedWords('RotateWebhookSecretSuccess WebhookNotFoundError InvalidInputError'),
      SendTestWebhookResult: sortedWords(
        'SendTestWebhookSuccess WebhookNotFoundError WebhookDisabledError InvalidInputError',
      ),
      RedeliverWebhookResult: sortedWords(
        'RedeliverWebhookSuccess WebhookDeliveryNotFoundError WebhookDisabledError InvalidInputError',
      ),
    })
    const ErrorType = schema.getType('Error')
    for (const members of own.filter(isUnionType).map((union) => union.getTypes())) {
      const errors = members.filter(({ name }) => !name.endsWith('Success'))
      expect(errors).toHaveLength(members.length - 1)
      for (const error of errors) expect(error.getInterfaces()).toContain(ErrorType)
    }
  })

  it('gives every mutation exactly one argument, an input named after the mutation', () => {
    const mutations = Object.values(schema.getMutationType()?.getFields() ?? {})
    for (const { name, args, type } of mutations) {
      const capital = `${name.charAt(0).toUpperCase()}${name.slice(1)}`
      expect([name, args.map((arg) => [arg.name, String(arg.type)]), String(type)]).toEqual([
        name,
        [['input', `${capital}Input!`]],
        `${capital}Result!`,
      ])
    }
  })

  it('has exactly the fields of its design', () => {
    const expected = {
      InferenceMetrics: `at windowSeconds coveredSeconds requests requestsPerSecond errors errorRate latency promptTokens
        generatedTokens tokensPerSecond inFlight source sources timeToFirstToken interTokenLatency queueTime errorsByReason
        waiting kvCacheUsage lateReports`,
      DeploymentSource: 'kind intervalSeconds scrape health',
      ScrapeSettings: 'url timeoutSeconds labels authorization server families',
      SourceHealth: 'status since lastSuccessAt lastError durationMs series server',
      ScrapeCheck: 'server serverTitle problem families labels figures sinceStart unknown durationMs series',
      LatencySummary: 'p50Ms p95Ms p99Ms meanMs maxMs quantile quantiles buckets',
      Quantile: 'q valueMs lowMs highMs kind enoughRequests',
      LatencyBucket: 'lowMs highMs count',
      InferenceMetricsUpdate: 'cursor skipped metrics',
      InferenceMetricsHistory: 'from to resolutionSeconds points summary endCursor',
      FleetMetricsUpdate: 'at totals deployments reported expected',
      DeploymentMetrics: 'deploymentId deployment metrics',
      DeploymentEventUpdate: 'cursor skipped event',
      TrainingJobUpdate: 'deleted trainingJob newSteps',
      Model: 'id name description createdAt latestVersion trainingJobs deployments metricsHistory',
      TrainingJob: `id name model status progress simulated framework dataset hyperparameters finalLoss finalAccuracy
        lossCurve failureReason createdAt createdBy startedAt finishedAt activeDeployment deployments deployability
        externalId labels`,
      Deployability: 'canDeploy reason message',
      Deployment: `id model trainingJob version status note createdAt createdBy statusChangedAt latestMetrics
        recentMetrics cursor metricsHistory events canPause canResume canDelete externalId labels source`,
      Label: 'key value',
      DeploymentEvent: 'id cursor kind at by note deploymentId deployment modelName version',
      DeploymentEventFilter: 'kind model deploymentId by since',
      DeploymentCounts: 'active paused total',
      ServerInfo: 'version time sampleIntervalSeconds retention limits',
      SampleRetention: 'resolutionSeconds keptSeconds',
      ServerLimits: `defaultPageSize maxPageSize maxCost costPerSecond costAtOnce maxRunningCost maxDepth maxAliases
        maxBodyBytes maxMessageBytes maxSubscriptionsPerSocket maxConnections maxActiveDeployments maxSimulatedRuns
        maxStepsPerTrainingJob maxApiTokens maxWebhooks`,
      Viewer: 'name scopes apiTokens',
      ApiToken: 'id name scopes createdAt createdBy expiresAt lastUsedAt revokedAt deployment',
      TrainingJobFilter: 'status model search labels createdBy createdAfter createdBefore',
      TrainingJobCounts: 'queued running completed failed cancelled total',
      DeploymentFilter: 'status model search ids labels createdBy createdAfter createdBefore source',
    }
    for (const [name, fields] of Object.entries(expected)) {
      expect([name, ...fieldsOf(name).toSorted()]).toEqual([name, ...words(fields).toSorted()])
    }
  })

  it('has Relay connections with edges, cursors, nodes, a total and the four paging arguments', () => {
    for (const type of own.filter(isObjectType).filter(({ name }) => name.endsWith('Connection'))) {
      expect(fieldsOf(type.name).toSorted()).toEqual(['edges', 'nodes', 'pageInfo', 'totalCount'])
      expect(fieldsOf(type.name.replace(/Connection$/, 'Edge')).toSorted()).toEqual(['cursor', 'node'])
    }
    const connections = own
      .filter(isObjectType)
      .flatMap((type) => Object.values(type.getFields()))
      .filter(({ type }) => String(type).endsWith('Connection!'))
    expect(connections).toHaveLength(11)
    for (const { args } of connections) {
      expect(args.map(({ name, type }) => `${name}: ${String(type)}`)).toEqual(
        expect.arrayContaining(['first: Int', 'after: String', 'last: Int', 'before: String']),
      )
    }
  })
})

import type { GraphQLTestClient } from '../graphql-client.ts'
import { change, register } from './documents.ts'
import { passes } from './soak-run.ts'

const EVERY_MS = 1000
/** One change of the deployment for so many steps of the job. */
const STEPS_PER_CHANGE = 3

const CREATE_TOKEN = `mutation ($input: CreateApiTokenInput!) {
  createApiToken(input: $input) { __typename ... on CreateApiTokenSuccess { secret } }
}`
const STEP = `mutation ($input: UpdateTrainingJobInput!) { updateTrainingJob(input: $input) { __typename } }`

/** An API token, made as a person would for a program. */
export async function createToken(client: GraphQLTestClient, name: string, scopes: string[]): Promise<string> {
  const answer = await client.data<{ createApiToken: { secret?: string } }>(CREATE_TOKEN, { input: { name, scopes } })
  if (answer.createApiToken.secret === undefined) throw new Error(`No token: ${JSON.stringify(answer)}`)
  return answer.createApiToken.secret
}

/** What subscribers receive besides samples: a deployment that is paused and resumed, a job that trains. */
export class Acts {
  readonly jobId: string
  /** Events since this began. */
  events = 0
  steps = 0
  readonly #client: GraphQLTestClient
  readonly #deploymentId: string
  #isOver = false
  #running: Promise<void> = Promise.resolve()

  private constructor(client: GraphQLTestClient, jobId: string, deploymentId: string) {
    this.#client = client
    this.jobId = jobId
    this.#deploymentId = deploymentId
  }

  static async prepare(client: GraphQLTestClient, modelName: string): Promise<Acts> {
    const deploymentId = await change(client, 'deploy', await register(client, modelName, 'deployed'), 'crowd')
    const jobId = await register(client, modelName, 'training', 'RUNNING')
    return new Acts(client, jobId, deploymentId)
  }

  begin(): void {
    this.#running = this.#act()
    // Reported by end().
    this.#running.catch(() => undefined)
  }

  /** Resolves after the last act; fails when one has. */
  async end(): Promise<void> {
    this.#isOver = true
    await this.#running
  }

  async #act(): Promise<void> {
    let isActive = true
    while (!this.#isOver) {
      const trainingJobId = this.jobId
      const steps = [{ step: this.steps + 1, loss: 1 / (this.steps + 1) }]
      await this.#client.data(STEP, { input: { trainingJobId, steps } })
      this.steps += 1
      if (this.steps % STEPS_PER_CHANGE === 0) {
        await change(this.#client, isActive ? 'pause' : 'resume', this.#deploymentId, 'crowd')
        isActive = !isActive
        this.events += 1
      }
      await passes(EVERY_MS)
    }
  }
}

// @ts-check
// --connect: deploys a completed training job of a running Gaugeline, with the example server as its source, unless a
// deployment has it already.
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'

const FIND = `{ deployments(first: 100, filter: { source: [SCRAPED], status: [ACTIVE] }) { nodes {
    id version model { name } source { scrape { url } } } }
  trainingJobs(first: 100) { nodes { id model { name } deployability { canDeploy } } } }`
const NO_GAUGELINE = { message: 'it is no Gaugeline; set GAUGELINE_URL' }
/** A second apart: it may be installing and building. */
const ATTEMPTS = 180
/** One whose figures look like its own, if there is one. */
const LANGUAGE_MODEL = /chat|llm|llama|assistant|summar|\d+b\b/i
const DEPLOY = `mutation ($input: DeployTrainingJobInput!) { deployTrainingJob(input: $input) { ... on Error { message }
  ... on DeployTrainingJobSuccess { deployment { id version model { name } } } } }`

/**
 * Gives a sentence that says what was deployed.
 *
 * @param {object} options
 * @param {string} options.metricsUrl
 * @param {Record<string, string | undefined>} options.env
 * @param {(line: string) => void} options.say Told what takes longer.
 * @returns {Promise<string>}
 * @throws Error that says what is missing
 */
export async function connect({ metricsUrl, env, say }) {
  const url = (env.GAUGELINE_URL ?? 'http://127.0.0.1:4000').replace(/\/+$/, '')
  const token = env.GAUGELINE_TOKEN ?? env.ADMIN_TOKEN
  if (!URL.canParse(url)) throw new Error(`GAUGELINE_URL must be the address of a Gaugeline; it is "${url}"`)
  if (!token) {
    throw new Error(
      '--connect needs GAUGELINE_TOKEN: a token with the scopes READ and DEPLOY, which the web client makes under Settings',
    )
  }

  /**
   * @param {string} query
   * @param {object} [variables]
   * @returns {Promise<any>}
   */
  async function ask(query, variables) {
    for (let attempt = 0; ; attempt++) {
      const answer = await fetch(`${url}/graphql`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ query, variables }),
        signal: AbortSignal.timeout(30_000),
      }).catch(() => null)
      const { data, errors } = answer === null ? {} : await answer.json().catch(() => ({ errors: [NO_GAUGELINE] }))
      if (data) return data
      const isStarting = answer === null || errors?.[0]?.extensions?.code === 'UNAVAILABLE'
      if (!isStarting) throw new Error(`${url} refused: ${errors?.[0]?.message}`)
      if (attempt === ATTEMPTS) throw new Error(`no Gaugeline answers at ${url}; start it, or set GAUGELINE_URL`)
      if (attempt === 0) say(`Waiting for Gaugeline at ${url}`)
      await sleep(1000)
    }
  }

  /** @param {{ id: string, version: string, model: { name: string } }} deployment */
  const follows = ({ id, version, model }) =>
    `Gaugeline follows it as ${model.name} ${version}: ${url}/deployments/${id}`

  const { deployments, trainingJobs } = await ask(FIND)
  const there = deployments.nodes.find((/** @type {any} */ { source }) => source.scrape?.url === metricsUrl)
  if (there) return follows(there)
  /** @type {{ id: string, model: { name: string }, deployability: { canDeploy: boolean } }[]} */
  const jobs = trainingJobs.nodes.filter((/** @type {any} */ { deployability }) => deployability.canDeploy)
  const job = jobs.find(({ model }) => LANGUAGE_MODEL.test(model.name)) ?? jobs[0]
  if (!job) throw new Error('no training job can be deployed: each has an active deployment, or has not finished')
  const { deployTrainingJob } = await ask(DEPLOY, {
    // Asked again where an answer was lost, it deploys once.
    input: { trainingJobId: job.id, source: { scrape: { url: metricsUrl } }, idempotencyKey: randomUUID() },
  })
  const { message, deployment } = deployTrainingJob
  if (!deployment) throw new Error(`Gaugeline refused: ${message}`)
  return follows(deployment)
}

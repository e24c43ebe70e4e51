// @ts-check
// --connect: deploys a completed training job of a running Gaugeline, with the example server as its source, unless a
// deployment has it already.

const FIND = `{ deployments(first: 100, filter: { source: [SCRAPED], status: [ACTIVE] }) { nodes {
    id version model { name } source { scrape { url } } } }
  trainingJobs(first: 100) { nodes { id model { name } deployability { canDeploy } } } }`
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
 * @returns {Promise<string>}
 * @throws Error that says what is missing
 */
export async function connect({ metricsUrl, env }) {
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
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ query, variables }),
      signal: AbortSignal.timeout(30_000),
    }).catch((/** @type {unknown} */ error) => {
      throw new Error(`no Gaugeline answers at ${url}; start it, or set GAUGELINE_URL`, { cause: error })
    })
    const { data, errors } = await response.json().catch(() => {
      throw new Error(`${url} answers, but is no Gaugeline; set GAUGELINE_URL`)
    })
    if (errors) throw new Error(`Gaugeline refused: ${errors[0].message}`)
    return data
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
    input: { trainingJobId: job.id, source: { scrape: { url: metricsUrl } } },
  })
  const { message, deployment } = deployTrainingJob
  if (!deployment) throw new Error(`Gaugeline refused: ${message}`)
  return follows(deployment)
}

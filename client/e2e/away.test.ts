import type { Browser, BrowserContext, Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createWays, type Way } from './away.ts'
import { launchBrowser, signedInPage } from './browser.ts'
import { ADMIN_TOKEN, type RunningServer, startServer } from './server.ts'

/** The target is 2 s. A busy machine needs more. */
const RIGHT_WITHIN_MS = 5_000
const STEPS = 40
const READY_WITHIN_MS = 20_000
/** Some seconds; a busy machine needs long to restart a server. */
const TEST_WITHIN_MS = 180_000

let server: RunningServer
let browser: Browser
let context: BrowserContext
let ways: Way[]
let tabs: Record<'deployments' | 'deployment' | 'jobs' | 'job' | 'settings', Page>

beforeAll(async () => {
  ;[server, browser] = await Promise.all([startServer({ fill: () => Promise.resolve() }), launchBrowser()])
  const signedIn = await signedInPage(browser, server)
  context = signedIn.context
  ways = await createWays(context, server)
  const [deployment, jobs, job, settings] = await Promise.all(Array.from({ length: 4 }, () => context.newPage()))
  if (!deployment || !jobs || !job || !settings) throw new Error('A tab is missing')
  tabs = { deployments: signedIn.page, deployment, jobs, job, settings }
  await Promise.all([tabs.deployments.goto('/deployments'), jobs.goto('/training-jobs'), settings.goto('/settings')])
})

afterAll(async () => {
  await context.close()
  await browser.close()
  await server.stop()
})

type Answer = Record<string, Record<string, { id: string } & string>>

/** Calls the API as somebody else. */
async function call(mutation: string, input: object, fields: string): Promise<Answer[string]> {
  const type = `${mutation[0]?.toUpperCase()}${mutation.slice(1)}`
  const query = `mutation ($input: ${type}Input!) { answer: ${mutation}(input: $input) {
    ... on ${type}Success { ${fields} } ... on Error { message } } }`
  const response = await fetch(`${server.origin}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${ADMIN_TOKEN}` },
    body: JSON.stringify({ query, variables: { input } }),
  })
  const { data, errors } = (await response.json()) as { data?: Answer; errors?: unknown }
  if (!data?.['answer'] || data['answer']['message']) throw new Error(JSON.stringify(data ?? errors))
  return data['answer']
}

const idIn = (answer: Answer[string], name: string) => answer[name]?.id ?? ''
const steps = (first: number, count: number) =>
  Array.from({ length: count }, (_, index) => ({ step: first + index, loss: 1 / (first + index) }))

async function register(name: string, status = 'COMPLETED'): Promise<string> {
  const input = { modelName: 'team/away', name, status }
  return idIn(await call('registerTrainingJob', input, 'trainingJob { id }'), 'trainingJob')
}

async function deploy(trainingJobId: string): Promise<string> {
  return idIn(await call('deployTrainingJob', { trainingJobId }, 'deployment { id }'), 'deployment')
}

const act = (mutation: string, deploymentId: string) => call(mutation, { deploymentId }, '__typename')

async function createSubjects(name: string) {
  const [job, paused, resumed, deleted] = await Promise.all(
    ['deployed', 'paused', 'resumed', 'deleted'].map((what) => register(`${name} ${what}`)),
  )
  const ids = {
    job: job ?? '',
    paused: await deploy(paused ?? ''),
    resumed: await deploy(resumed ?? ''),
    deleted: await deploy(deleted ?? ''),
    finished: await register(`${name} finished`, 'RUNNING'),
    unregistered: await register(`${name} unregistered`, 'RUNNING'),
    token: idIn(await call('createApiToken', { name, scopes: ['READ'] }, 'apiToken { id }'), 'apiToken'),
  }
  await act('pauseDeployment', ids.resumed)
  await act('pauseDeployment', ids.deleted)
  await call('updateTrainingJob', { trainingJobId: ids.finished, steps: steps(1, 2) }, '__typename')
  return ids
}

type Subjects = Awaited<ReturnType<typeof createSubjects>>

/** Everything that somebody else does meanwhile. */
async function change(name: string, ids: Subjects): Promise<{ deployed: string; started: string }> {
  const deployed = await deploy(ids.job)
  await act('pauseDeployment', ids.paused)
  await act('resumeDeployment', ids.resumed)
  await act('deleteDeployment', ids.deleted)
  for (let first = 3; first < STEPS; first += 19) {
    await call('updateTrainingJob', { trainingJobId: ids.finished, steps: steps(first, 19) }, '__typename')
  }
  await call('updateTrainingJob', { trainingJobId: ids.finished, status: 'COMPLETED' }, '__typename')
  await call('deleteTrainingJob', { trainingJobId: ids.unregistered }, '__typename')
  await call('revokeApiToken', { apiTokenId: ids.token }, '__typename')
  const input = { modelName: 'team/away', name: `${name} started` }
  return { deployed, started: idIn(await call('startTrainingJob', input, 'trainingJob { id }'), 'trainingJob') }
}

const row = (page: Page, id: string) => page.locator(`tbody tr[data-id="${id}"]`)
const textOf = async (page: Page, id: string) => (await row(page, id).allInnerTexts()).join().replace(/\s+/g, ' ')

/** What each tab shows, in a few words. */
async function shown(name: string, ids: Subjects & { deployed: string; started: string }) {
  const { deployments, deployment, jobs, job, settings } = tabs
  const status = async (page: Page, id: string) =>
    /Active|Paused|Errors|Completed|Running|Queued/.exec(await textOf(page, id))?.[0].replace('Errors', 'Active')
  const canDeploy = (place: Page | Locator) => place.locator('button:not([aria-disabled])', { hasText: 'Deploy' })
  const figures = {
    deployed: status(deployments, ids.deployed),
    paused: status(deployments, ids.paused),
    resumed: status(deployments, ids.resumed),
    deleted: status(deployments, ids.deleted),
    deploymentPage: textIn(deployment, /^(Pause|Resume|There is no such deployment)$/),
    finished: status(jobs, ids.finished),
    deployButtons: canDeploy(row(jobs, ids.finished)).count(),
    unregistered: status(jobs, ids.unregistered),
    started: row(jobs, ids.started).count(),
    jobPage: textIn(job, /^(Completed|Running|There is no such training job)$/),
    curve: job.locator('[data-points]').evaluateAll(([chart]) => chart?.getAttribute('data-points')),
    token: settings
      .getByRole('listitem')
      .filter({ hasText: name })
      .getByText(/^(Active|Revoked)$/)
      .innerText(),
  }
  const read = Object.entries(figures).map(async ([what, figure]) => [what, await figure] as const)
  return Object.fromEntries(await Promise.all(read))
}

const textIn = async (page: Page, text: RegExp) => (await page.getByText(text).allInnerTexts()).join()

const BEFORE = {
  deployed: undefined,
  paused: 'Active',
  resumed: 'Paused',
  deleted: 'Paused',
  deploymentPage: expect.stringMatching(/Pause|Resume/) as unknown,
  finished: 'Running',
  deployButtons: 0,
  unregistered: 'Running',
  started: 0,
  jobPage: 'Running',
  curve: expect.stringMatching(/^[02]$/) as unknown,
  token: 'Active',
}
const AFTER = {
  deployed: 'Active',
  paused: 'Paused',
  resumed: 'Active',
  deleted: undefined,
  finished: 'Completed',
  deployButtons: 1,
  unregistered: undefined,
  started: 1,
  token: 'Revoked',
}
const CHANGED = { deploymentPage: 'Resume', jobPage: 'Completed', curve: String(STEPS) }
const GONE = {
  deploymentPage: 'There is no such deployment',
  jobPage: 'There is no such training job',
  curve: undefined,
}

describe('every list and page', () => {
  it.each([
    ['hidden', 'changed'],
    ['offline', 'gone'],
    ['asleep', 'changed'],
    ['without a server, which is restarted', 'gone'],
  ])(
    'is right soon after its tab was %s, also the page of what is %s',
    { timeout: TEST_WITHIN_MS },
    async (name, what) => {
      const way = ways.find((one) => one.name === name)
      if (!way) throw new Error(`There is no way ${name}`)
      const ids = await createSubjects(name)
      const [deployment, job] = what === 'gone' ? [ids.deleted, ids.unregistered] : [ids.paused, ids.finished]
      await Promise.all([
        tabs.deployment.goto(`/deployments/${deployment}`),
        tabs.job.goto(`/training-jobs/${job}`),
        tabs.settings.reload(),
      ])
      const now = (meanwhile = { deployed: '', started: '' }) => shown(name, { ...ids, ...meanwhile })
      const areLive = () =>
        Promise.all(Object.values(tabs).map((page) => page.locator('[data-connection="live"]').waitFor()))
      // Whoever leaves now has not seen an event of these pages.
      await expect.poll(now, { timeout: READY_WITHIN_MS }).toEqual(BEFORE)
      await areLive()
      await way.leave()
      const meanwhile = await change(name, ids)
      expect(await now(meanwhile)).toEqual(BEFORE)
      await way.back()
      const came = performance.now()
      await expect
        .poll(() => now(meanwhile), { timeout: RIGHT_WITHIN_MS })
        .toEqual({ ...AFTER, ...(what === 'gone' ? GONE : CHANGED) })
      console.log(`Right ${(performance.now() - came).toFixed(0)} ms after having been ${name}`)
      await areLive()
    },
  )
})

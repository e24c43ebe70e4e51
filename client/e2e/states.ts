import type { Page } from 'playwright-core'

/** Ids of records on the test's server, by their state. */
export interface Subjects {
  active: string
  paused: string
  job: string
  runningJob: string
  /** The path of a model's page. */
  model: string
  /** Two versions of it, separated by a comma. */
  versions: string
}

/** Finds a record for each of these states, through the API. */
export async function findSubjects(page: Page): Promise<Subjects> {
  const query = `{
    active: deployments(first: 1, filter: { status: [ACTIVE] }) { edges { node { id } } }
    paused: deployments(first: 1, filter: { status: [PAUSED] }) { edges { node { id } } }
    job: trainingJobs(first: 1, filter: { status: [COMPLETED] }) { edges { node { id } } }
    runningJob: trainingJobs(first: 1, filter: { status: [RUNNING] }) { edges { node { id } } }
    models(first: 20) { nodes { name deployments(first: 2) { nodes { version status } } } }
  }`
  const answer = await page.request.post('/graphql', { data: { query } })
  const { data } = (await answer.json()) as { data: Found }
  const first = (name: 'active' | 'paused' | 'job' | 'runningJob') => {
    const id = data[name].edges[0]?.node.id
    if (id === undefined) throw new Error(`The server has no ${name}`)
    return id
  }
  const model = data.models.nodes.find(
    ({ deployments: { nodes } }) => nodes.length === 2 && nodes.every(({ status }) => status === 'ACTIVE'),
  )
  if (!model) throw new Error('The server has no model with two active versions')
  return {
    active: first('active'),
    paused: first('paused'),
    job: first('job'),
    runningJob: first('runningJob'),
    model: `/models/${encodeURIComponent(model.name)}`,
    versions: model.deployments.nodes.map(({ version }) => version).join(),
  }
}

type Found = Record<'active' | 'paused' | 'job' | 'runningJob', { edges: { node: { id: string } }[] }> & {
  models: { nodes: { name: string; deployments: { nodes: { version: string; status: string }[] } }[] }
}

export interface PageState {
  name: string
  path: string
  /** Brings the loaded page to the state that `name` says. */
  reach?: (page: Page) => Promise<unknown>
  /** Only for people who are not signed in. */
  signedOut?: true
}

async function makeToken(page: Page): Promise<void> {
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Name').fill('a bot with a name that is a good deal longer than it would have to be')
  await dialog.getByRole('checkbox', { name: /^deploy/ }).check()
  await dialog.getByLabel('Expires').selectOption('Never')
  await dialog.getByRole('button', { name: 'Create', exact: true }).click()
  await dialog.getByText('Copy it now.').waitFor()
}

/** Every page and main dialog in its usual state. */
export function pageStates({ active, paused, job, runningJob, model, versions }: Subjects): PageState[] {
  const rows = (page: Page) => page.locator('tbody tr[data-id]').first().waitFor()
  const chart = (page: Page) => page.locator('[data-points]').first().waitFor()
  return [
    { name: 'sign-in', path: '/sign-in', signedOut: true },
    { name: 'deployments', path: '/deployments', reach: rows },
    { name: 'deployments-none-matching', path: '/deployments?q=nothing-like-this' },
    { name: 'deployment', path: `/deployments/${active}`, reach: chart },
    {
      name: 'deployment-heatmap',
      path: `/deployments/${active}?range=live&heatmap=true`,
      reach: async (page) => {
        await chart(page)
        await page.getByRole('button', { name: 'From–to' }).click()
      },
    },
    { name: 'deployment-paused', path: `/deployments/${paused}`, reach: chart },
    {
      name: 'deployment-delete',
      path: `/deployments/${paused}`,
      reach: async (page) => {
        await page.getByRole('button', { name: 'Delete…' }).click()
        await page.getByRole('alertdialog').waitFor()
      },
    },
    { name: 'fleet', path: '/fleet?heatmap=true', reach: rows },
    { name: 'models', path: '/models', reach: rows },
    { name: 'model', path: model, reach: chart },
    {
      name: 'model-compared',
      path: `${model}?versions=${versions}`,
      reach: (page) => page.getByRole('row', { name: /^p95, m?s .*%/ }).waitFor(),
    },
    { name: 'training-jobs', path: '/training-jobs', reach: rows },
    {
      name: 'training-jobs-start',
      path: '/training-jobs?start=true',
      reach: async (page) => {
        const dialog = page.getByRole('dialog')
        await dialog.getByLabel('Model').fill('not a name')
        await dialog.getByRole('button', { name: 'Start', exact: true }).click()
      },
    },
    {
      name: 'training-jobs-deploy',
      path: '/training-jobs?status=COMPLETED',
      reach: async (page) => {
        await page
          .getByRole('button', { name: /with another source$/ })
          .first()
          .click()
        await page
          .getByRole('dialog')
          .getByRole('radio', { name: /^Model server/ })
          .check()
        await page.getByRole('dialog').getByRole('button', { name: 'Check' }).click()
      },
    },
    {
      name: 'deployment-source',
      path: `/deployments/${active}?source=change`,
      reach: (page) => page.getByRole('dialog').waitFor(),
    },
    { name: 'training-job', path: `/training-jobs/${job}`, reach: chart },
    { name: 'training-job-running', path: `/training-jobs/${runningJob}`, reach: chart },
    {
      name: 'settings-new-token',
      path: '/settings?newToken=true',
      reach: (page) => page.getByRole('dialog').getByRole('button', { name: 'Create', exact: true }).click(),
    },
    { name: 'settings-secret', path: '/settings?newToken=true', reach: makeToken },
    {
      name: 'settings-revoke',
      path: '/settings',
      reach: async (page) => {
        await page
          .getByRole('button', { name: /^Revoke…/ })
          .first()
          .click()
        await page.getByRole('alertdialog').waitFor()
      },
    },
    {
      name: 'settings-new-webhook',
      path: '/settings?newWebhook=true',
      reach: (page) => page.getByRole('dialog').getByRole('button', { name: 'Add', exact: true }).click(),
    },
    { name: 'settings', path: '/settings', reach: (page) => page.getByText('Does not expire').first().waitFor() },
    {
      name: 'shortcuts',
      path: '/settings',
      reach: async (page) => {
        await page.getByRole('heading', { level: 1 }).waitFor()
        await page.keyboard.press('?')
        await page.getByRole('dialog').waitFor()
      },
    },
    {
      name: 'theme-menu',
      path: '/settings',
      reach: async (page) => {
        await page.getByRole('button', { name: 'Theme' }).click()
        await page.getByRole('menu').waitFor()
      },
    },
    { name: 'not-found', path: '/nowhere' },
    { name: 'deployment-not-found', path: '/deployments/bm90aGluZw==' },
    { name: 'model-not-found', path: '/models/nothing' },
  ]
}

import { setTimeout as delay } from 'node:timers/promises'
import { isOpen, open, post } from './requests.mjs'

const HOLD_MS = 20_000
let distinct = 0
let reportedSteps = 0

/** Every attack is one round: it does its worst, holds it for a while, counts what it was answered, and lets go. */
export const ATTACKS = {
  /** Nobody knows them; they send large pings and read nothing. */
  async strangers({ origin, over, count }) {
    const sockets = await many(300, async () => (await open(origin)).socket)
    const ping = JSON.stringify({ type: 'ping', payload: { text: 'x'.repeat(60_000) } })
    for (const socket of sockets) {
      socket.pause()
      for (let n = 0; n < 100 && isOpen(socket); n += 1) socket.send(ping)
      await turn()
    }
    await hold(over)
    count('sockets', sockets.length)
    for (const socket of sockets) socket.terminate()
  },

  /** One token opens as many distinct subscriptions with large documents as it is given. */
  async fatSubscriptions({ origin, tokens, deploymentIds, over, count }) {
    const sockets = []
    for (let n = 0; n < 25 && !over.aborted; n += 1) {
      const { socket } = await open(origin, tokens.fat)
      sockets.push(socket)
      socket.on('message', (data) => countAnswer(data, count))
      for (let each = 0; each < 128 && isOpen(socket); each += 1) {
        const variables = { id: deploymentIds[each % deploymentIds.length] }
        send(socket, `s${each}`, fatDocument('subscription'), variables)
        await turn()
      }
    }
    await hold(over)
    for (const socket of sockets) socket.terminate()
  },

  /** Large ids and variables that no document declares, for subscriptions that stay. */
  async largeIds({ origin, tokens, deploymentIds, over, count }) {
    const sockets = await many(20, async () => await open(origin, tokens.ids))
    const query = 'subscription ($id: ID!) { inferenceMetrics(deploymentId: $id) { cursor } }'
    for (const [n, { socket, closed }] of sockets.entries()) {
      void closed.then((code) => count(`closed ${code}`))
      socket.on('message', (data) => countAnswer(data, count))
      for (let each = 0; each < 8 && isOpen(socket); each += 1) {
        const variables = { id: deploymentIds[0] }
        if (n % 2 === 0) send(socket, 'i'.repeat(60_000) + each, query, variables)
        else send(socket, `v${each}`, query, { ...variables, undeclared: 'u'.repeat(60_000) })
      }
      await turn()
    }
    await hold(over)
    for (const { socket } of sockets) socket.terminate()
  },

  /** Documents that the server has not seen, many at once. */
  async newDocuments({ origin, tokens, deploymentIds, count }) {
    const variables = { id: deploymentIds[0] }
    const ask = async () => await post(origin, tokens.documents, { query: fatDocument('query'), variables })
    for (const { outcome } of await many(200, ask)) count(outcome)
  },

  /** Answers as large as they are given, which nobody reads. */
  async largeAnswers({ origin, tokens, over, count }) {
    const query = '{ trainingJobs(first: 100) { nodes { hyperparameters } } }'
    const calls = await many(41, async () => await post(origin, tokens.answers, { query }, { unread: true }))
    for (const { outcome } of calls) count(outcome)
    await hold(over)
    for (const { call } of calls) call.destroy()
  },

  /** Reports steps as fast as it may, and reads the curve. */
  async steps({ origin, tokens, jobId, count }) {
    const report = 'mutation ($input: UpdateTrainingJobInput!) { updateTrainingJob(input: $input) { __typename } }'
    const read = 'query ($id: ID!) { trainingJob(id: $id) { lossCurve(maxPoints: 1000) { step loss } } }'
    for (let n = 0; n < 20; n += 1) {
      const steps = Array.from({ length: 1000 }, () => ({ step: (reportedSteps += 1), loss: 1 / reportedSteps }))
      const { outcome } = await post(origin, tokens.train, {
        query: report,
        variables: { input: { trainingJobId: jobId, steps } },
      })
      count(`report: ${outcome}`)
    }
    const reads = await many(
      20,
      async () => await post(origin, tokens.train, { query: read, variables: { id: jobId } }),
    )
    for (const { outcome } of reads) count(`read: ${outcome}`)
  },

  /** Pauses and resumes one deployment, three hundred times at once. */
  async toggles({ origin, tokens, toggledId, count }) {
    const operation = (name, Type) => `mutation ($input: ${Type}Input!) { ${name}(input: $input) { __typename } }`
    const calls = [operation('pauseDeployment', 'PauseDeployment'), operation('resumeDeployment', 'ResumeDeployment')]
    let n = 0
    const toggle = async () =>
      await post(origin, tokens.toggles, {
        query: calls[(n += 1) % 2],
        variables: { input: { deploymentId: toggledId } },
      })
    for (const { outcome } of await many(300, toggle)) count(outcome)
  },

  /** Follows the fleet by filters of which no two are the same, up to the limit. */
  async fleetFilters({ origin, tokens, over, count }) {
    const query = `subscription ($filter: DeploymentFilter) { fleetMetrics(filter: $filter) { at reported } }`
    const sockets = []
    const refusals = []
    while (refusals.length === 0 && sockets.length < 120 && !over.aborted) {
      const { socket } = await open(origin, tokens.fleet)
      sockets.push(socket)
      if (!isOpen(socket)) break
      socket.on('message', (data) => {
        if (countAnswer(data, count)) refusals.push(data)
      })
      for (let each = 0; each < 128; each += 1) {
        send(socket, `f${each}`, query, { filter: { search: `hostile-${(distinct += 1)}` } })
        if (each % 32 === 0) await delay(50)
      }
    }
    await hold(over)
    for (const socket of sockets) socket.terminate()
  },

  /** Wrong tokens from thousands of addresses, behind a proxy that is trusted. */
  async wrongTokens({ origin, count }) {
    const ask = async () => {
      const from = [10, byte(), byte(), byte()].join('.')
      const token = `gl_${Buffer.from(Array.from({ length: 32 }, byte)).toString('base64url')}`
      return await post(origin, token, { query: '{ __typename }' }, { headers: { 'x-forwarded-for': from } })
    }
    for (let n = 0; n < 20; n += 1) for (const { outcome } of await many(100, ask)) count(outcome)
  },
}

/** @returns whether it was refused. */
function countAnswer(data, count) {
  const text = data.toString('utf8', 0, 4000)
  const code = /"type":"error"/.test(text)
    ? (/"limit":"(\w+)"/.exec(text) ?? /"code":"(\w+)"/.exec(text))?.[1]
    : undefined
  count(code ?? 'messages')
  return code !== undefined
}

/** As large as a document may be, and like no other. */
function fatDocument(kind) {
  const fields = 'at windowSeconds coveredSeconds requests requestsPerSecond errors errorRate inFlight '.repeat(30)
  const comment = `# ${'c'.repeat(40_000)}\n`
  const name = `Fat${(distinct += 1)}`
  return kind === 'subscription'
    ? `${comment}subscription ${name}($id: ID!) { inferenceMetrics(deploymentId: $id) { cursor metrics { ${fields} } } }`
    : `${comment}query ${name}($id: ID!) { deployment(id: $id) { latestMetrics { ${fields} } } }`
}

function send(socket, id, query, variables) {
  if (isOpen(socket)) socket.send(JSON.stringify({ type: 'subscribe', id, payload: { query, variables } }))
}

async function many(times, work) {
  return await Promise.all(Array.from({ length: times }, work))
}

async function hold(over) {
  await delay(HOLD_MS, undefined, { signal: over }).catch(() => undefined)
}

async function turn() {
  await delay(1)
}

function byte() {
  return Math.floor(Math.random() * 256)
}

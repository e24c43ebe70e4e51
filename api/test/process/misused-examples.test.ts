import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { reservePort } from '../tcp-proxy.ts'
import { allExamples, ExampleProgram } from './example-program.ts'

const TOKEN = 'gl_of_nobody'
const ID = 'RGVwbG95bWVudDox'

/** A server that is not Gaugeline; it answers an upgrade as it answers everything. */
async function strangeServer(answer: RequestListener): Promise<{ server: Server; origin: string }> {
  const server = createServer((req, res) => {
    answer(req, res.setHeader('Connection', 'close'))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { server, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

describe.each(allExamples())('the example for $language', (example) => {
  const { missing } = example
  const skipped = missing === null ? '' : ` (skipped: ${missing})`
  const servers: Server[] = []
  let page: string
  let redirect: string
  let nobody: string

  beforeAll(async () => {
    const answers: RequestListener[] = [
      (_req, res) => res.setHeader('Content-Type', 'text/html').end('<html>Welcome</html>'),
      (_req, res) => res.writeHead(308, { Location: 'https://gauges.example.com/graphql' }).end(),
    ]
    const started = await Promise.all(answers.map((answer) => strangeServer(answer)))
    servers.push(...started.map(({ server }) => server))
    ;[page = '', redirect = ''] = started.map(({ origin }) => origin)
    const { port, release } = await reservePort()
    await release()
    nobody = `http://127.0.0.1:${port}`
  })
  afterAll(() => {
    for (const server of servers) server.close()
  })

  /** What it says before it ends with the exit code 1: one line. */
  async function lastWords(url: string, token: string, args: string[] = [ID]): Promise<string> {
    await using program = new ExampleProgram(example, url, token, args)
    expect(await program.exited).toBe(1)
    expect(program.printed).toEqual([])
    const [line, ...more] = program.stderr.replace(/exit status 1\n$/, '').split('\n')
    expect(more).toEqual([''])
    return line ?? ''
  }

  it.skipIf(missing !== null).concurrent(`names the setting that is missing or wrong${skipped}`, async () => {
    const address = 'GAUGELINE_URL must be the address of the server, like http://127.0.0.1:4000'
    const token = 'GAUGELINE_TOKEN must be an API token, like gl_…, without spaces'
    expect(await Promise.all([lastWords('127.0.0.1:4000', TOKEN), lastWords(page, '')])).toEqual([
      `${address}; it is "127.0.0.1:4000"`,
      token,
    ])
  })

  it.skipIf(missing !== null).concurrent(
    `says that no Gaugeline answers at its address, or where a redirect leads${skipped}`,
    async () => {
      const advice = 'see that GAUGELINE_URL is the address of the server, and that its certificate is trusted'
      const leads = 'redirects to https://gauges\\.example\\.com/graphql; set GAUGELINE_URL to that server'
      const urls = [`${page}/`, page.replace('http', 'https'), redirect]
      const words = await Promise.all(urls.map((url) => lastWords(url, TOKEN)))
      const reason = new RegExp(`^refused: \\w+://127\\.0\\.0\\.1:\\d+/graphql.*(${advice}|${leads})$`)
      expect(words.filter((line) => !reason.test(line))).toEqual([])
    },
  )

  it.skipIf(missing !== null).concurrent(
    `reports each attempt while no server answers, and goes on${skipped}`,
    async () => {
      await using program = new ExampleProgram(example, nobody, TOKEN, [ID])
      await program.says(/^(no connection to \w+:\/\/127\.0\.0\.1:\d+\/graphql: .+; trying again\n)+/)
      expect(program.printed).toEqual([])
    },
  )
})

it('the example for curl asks for the id of a deployment', async () => {
  const [example] = allExamples()
  if (example === undefined || example.missing !== null) return
  await using program = new ExampleProgram(example, 'http://127.0.0.1:4000', TOKEN)
  expect(await program.exited).toBe(1)
  expect(program.stderr).toBe('usage: sh watch.sh DEPLOYMENT_ID; the id is ""\n')
})

it.each(allExamples().filter(({ language, missing }) => /^(Node|Python|Go)$/.test(language) && missing === null))(
  'the example for $language refuses a count that is none',
  async (example) => {
    await using program = new ExampleProgram(example, 'http://127.0.0.1:4000', TOKEN, [ID, 'many'])
    expect(await program.exited).toBe(1)
    expect(program.stderr).toMatch(/^COUNT must be a whole number from 1; it is "many"\n(exit status 1\n)?$/)
  },
)

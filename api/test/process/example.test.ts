import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { prepareTestDatabase } from '@gaugeline/prisma/testing'
import { expect, it } from 'vitest'
import { GraphQLTestClient } from '../graphql-client.ts'
import { restartablePort } from '../tcp-proxy.ts'
import { register } from './documents.ts'
import { ADMIN_TOKEN, ServerProcess, settingsOf } from './server-process.ts'

const example = fileURLToPath(new URL('../../../docs/examples/deploy-and-watch.mjs', import.meta.url))

it('the example deploys a job and prints ten samples without a hole, over a kill of the server', async () => {
  await using database = await prepareTestDatabase('embedded')
  const settings = { ...settingsOf(database), PORT: String(await restartablePort()), SAMPLE_INTERVAL_MS: '500' }
  const { server: first, origin } = await ServerProcess.serving(settings)
  await using _first = first
  await register(GraphQLTestClient.withToken(origin, ADMIN_TOKEN), 'example/model', 'to be deployed')

  const running = promisify(execFile)(process.execPath, [example], {
    env: { GAUGELINE_URL: origin, GAUGELINE_TOKEN: ADMIN_TOKEN },
  })
  let printed = ''
  const begun = new Promise<void>((resolve) => {
    running.child.stdout?.on('data', (text: string) => {
      printed += text
      if (printed.split('\n').length > 4) resolve()
    })
  })
  await Promise.race([begun, running])
  await first.kill()
  const { server: second } = await ServerProcess.serving(settings)
  await using _second = second

  const { stdout, stderr } = await running
  expect(stderr).toMatch(/^(no connection to ws:\/\/127\.0\.0\.1:\d+\/graphql: .+; trying again\n)+$/)
  const [deployed, ...samples] = stdout.trimEnd().split('\n')
  expect(deployed).toBe('example/model v1.0.0')
  const starts = samples.map((line) => Date.parse((JSON.parse(line) as { at: string }).at))
  expect(starts).toEqual(Array.from({ length: 10 }, (_each, at) => (starts[0] ?? 0) + at * 500))

  const env = { GAUGELINE_URL: origin, GAUGELINE_TOKEN: 'a-token-of-nobody' }
  await expect(promisify(execFile)(process.execPath, [example], { env })).rejects.toMatchObject({
    code: 1,
    stderr: 'refused: This token is not valid.\n',
  })
})

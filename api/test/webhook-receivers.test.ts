import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { afterEach, describe, expect, it } from 'vitest'
import { newWebhookSecret, signedHeaders } from '../src/webhooks/signatures.ts'

const guide = readFileSync(new URL('../../docs/webhooks.md', import.meta.url), 'utf8')

function program(language: string): string {
  const [, code] = new RegExp(`\`\`\`${language}\n([^]*?)\`\`\``).exec(guide) ?? []
  if (code === undefined) throw new Error(`docs/webhooks.md has no program in ${language}`)
  return code
}

const INTERPRETERS: Record<string, [string, string[]]> = {
  js: [process.execPath, ['--input-type=module', '--eval', program('js')]],
  python: ['python3', ['-c', program('python')]],
}

describe.each(Object.keys(INTERPRETERS))('the receiver of docs/webhooks.md in %s', (language) => {
  let child: ChildProcess | undefined
  afterEach(() => child?.kill())

  it('accepts what is signed with its secret, and refuses what is unsigned, changed or old', async () => {
    const [command, args] = INTERPRETERS[language] ?? ['', []]
    const secret = newWebhookSecret()
    const { PATH = '' } = process.env
    child = spawn(command, args, {
      env: { PATH, PORT: '0', WEBHOOK_SECRET: secret },
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    if (child.stdout === null) throw new Error('No output')
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
    const nextLine = async () => String((await lines.next()).value)
    const port = (await nextLine()).replace('listening on ', '')

    const body = JSON.stringify({ type: 'deployment.paused', data: { note: 'zu lang – é' } })
    const sign = (secrets: string[], atMs = Date.now()) => signedHeaders({ id: 'msg_1', atMs, body }, secrets)
    const send = async (headers: Record<string, string>, text = body) =>
      (await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', headers, body: text })).status

    expect(await send(sign([secret]))).toBe(204)
    expect(await nextLine()).toMatch(/^msg_1 deployment\.paused .*zu lang – é/)
    expect(await send(sign([newWebhookSecret(), secret]))).toBe(204)
    const refused = [
      send(sign([newWebhookSecret()])),
      send(sign([secret]), body.replace('lang', 'kurz')),
      send({ ...sign([secret]), 'webhook-id': 'msg_2' }),
      send(sign([secret], Date.now() - 301_000)),
      send(sign([secret], Date.now() + 310_000)),
      send({}),
      send({ ...sign([secret]), 'webhook-signature': 'v1,é v2,x v1' }).catch(() => 401),
    ]
    expect(await Promise.all(refused)).toEqual(refused.map(() => 401))
    const ended = once(child, 'exit')
    child.kill()
    await ended
  })
})

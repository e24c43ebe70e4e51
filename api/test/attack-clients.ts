import { ADMIN_TOKEN } from './create-test-app.ts'
import { WsTestClient } from './ws-client.ts'

export const ATTACK_TRANSPORTS = ['http', 'sse', 'websocket'] as const
export type AttackTransport = (typeof ATTACK_TRANSPORTS)[number]

interface AttackError {
  message: string
  extensions: Record<string, unknown>
}

export interface AttackAnswer {
  data?: Record<string, unknown> | null
  errors?: AttackError[]
  extensions?: Record<string, unknown>
}

/** Sends an operation of any kind and gives the first answer to it, whatever that is. */
export async function ask(
  transport: AttackTransport,
  origin: string,
  query: string,
  variables?: Record<string, unknown>,
): Promise<AttackAnswer> {
  if (transport === 'websocket') return await askSocket(origin, query, variables)
  const accept = transport === 'sse' ? 'text/event-stream' : 'application/json'
  const abort = new AbortController()
  const response = await fetch(`${origin}/graphql`, {
    method: 'POST',
    headers: { accept, 'content-type': 'application/json', authorization: `Bearer ${ADMIN_TOKEN}` },
    body: JSON.stringify({ query, variables }),
    signal: abort.signal,
  })
  if (response.headers.get('content-type')?.startsWith('text/event-stream') !== true) {
    return (await response.json()) as AttackAnswer
  }
  const answer = await firstEvent(response)
  abort.abort()
  return answer
}

async function firstEvent(response: Response): Promise<AttackAnswer> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true })
    const data = /^event: next\ndata: (.*)$/m.exec(text)?.[1]
    if (data !== undefined && text.endsWith('\n\n')) return JSON.parse(data) as AttackAnswer
  }
  throw new Error(`The stream held no result: ${text}`)
}

async function askSocket(origin: string, query: string, variables?: Record<string, unknown>): Promise<AttackAnswer> {
  const client = await WsTestClient.connect(origin, ADMIN_TOKEN)
  client.subscribe(query, variables)
  const { type, payload } = await client.messages.next()
  await client.close()
  if (type === 'error') return { errors: payload as AttackError[] }
  if (type === 'next') return payload as AttackAnswer
  throw new Error(`Not an answer: ${type}`)
}

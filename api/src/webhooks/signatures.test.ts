import { Webhook } from 'standardwebhooks'
import { describe, expect, it } from 'vitest'
import { newWebhookSecret, signedHeaders } from './signatures.ts'

const message = { id: 'msg_1', atMs: Date.now(), body: '{"type":"webhook.test","data":{"name":"é"}}' }

describe('a signed message', () => {
  it('is verified by a library of Standard Webhooks, with the right secret only', () => {
    const [secret, other] = [newWebhookSecret(), newWebhookSecret()]
    const headers = signedHeaders(message, [secret])
    expect(new Webhook(secret).verify(message.body, headers)).toEqual(JSON.parse(message.body))
    expect(() => new Webhook(other).verify(message.body, headers)).toThrow(/No matching signature/)
    expect(() => new Webhook(secret).verify(`${message.body} `, headers)).toThrow(/No matching signature/)
    for (const name of ['webhook-id', 'webhook-timestamp']) {
      const changed = { ...headers, [name]: `${headers[name]}1` }
      expect(() => new Webhook(secret).verify(message.body, changed)).toThrow(/signature|timestamp/)
    }
  })

  it('is verified with either of two secrets', () => {
    const secrets = [newWebhookSecret(), newWebhookSecret()]
    const headers = signedHeaders(message, secrets)
    for (const secret of secrets) expect(new Webhook(secret).verify(message.body, headers)).toBeTruthy()
  })

  it('has a secret of 256 bits, new every time', () => {
    const secrets = Array.from({ length: 100 }, newWebhookSecret)
    expect(new Set(secrets).size).toBe(100)
    for (const secret of secrets) expect(Buffer.from(secret.replace('whsec_', ''), 'base64')).toHaveLength(32)
  })
})

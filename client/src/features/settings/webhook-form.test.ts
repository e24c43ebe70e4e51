import { describe, expect, it } from 'vitest'
import { checkWebhook, toWebhookInput, type WebhookForm, webhookFieldOf } from './webhook-form.ts'

const good: WebhookForm = {
  name: ' chat ',
  url: ' https://chat.example/hook ',
  events: new Set(['DEPLOYMENT_PAUSED', 'DEPLOYMENT_DEPLOYED']),
}

describe('the form of a webhook', () => {
  it('needs a name, an address of the web and something to tell', () => {
    expect(checkWebhook(good)).toEqual({})
    expect(Object.keys(checkWebhook({ name: ' ', url: '', events: new Set() }))).toEqual(['name', 'url', 'events'])
    for (const url of ['ftp://chat.example', 'chat.example', 'https://', 'javascript:alert(1)']) {
      expect(checkWebhook({ ...good, url }).url).toBeDefined()
    }
  })

  it('is sent trimmed, its events in the order of their list', () => {
    expect(toWebhookInput(good)).toEqual({
      name: 'chat',
      url: 'https://chat.example/hook',
      events: ['DEPLOYMENT_DEPLOYED', 'DEPLOYMENT_PAUSED'],
    })
  })

  it('finds the field of what the server says', () => {
    expect(webhookFieldOf(['input', 'url'])).toBe('url')
    expect(webhookFieldOf(['input'])).toBeUndefined()
  })
})

import { describe, expect, it } from 'vitest'
import { checkWebhook, toWebhookInput, type WebhookForm, webhookFieldOf } from './webhook-form.ts'

const good: WebhookForm = {
  name: ' chat ',
  url: ' https://chat.example/hook ',
  events: new Set(['DEPLOYMENT_PAUSED', 'DEPLOYMENT_DEPLOYED']),
  models: '',
}

describe('the webhook form', () => {
  it('needs a name, a web address and at least one event', () => {
    expect(checkWebhook(good)).toEqual({})
    expect(Object.keys(checkWebhook({ name: ' ', url: '', events: new Set(), models: '' }))).toEqual([
      'name',
      'url',
      'events',
    ])
    for (const url of ['ftp://chat.example', 'chat.example', 'https://', 'javascript:alert(1)']) {
      expect(checkWebhook({ ...good, url }).url).toBeDefined()
    }
  })

  it('is sent trimmed, with its events in their order', () => {
    expect(toWebhookInput(good)).toEqual({
      name: 'chat',
      url: 'https://chat.example/hook',
      events: ['DEPLOYMENT_DEPLOYED', 'DEPLOYMENT_PAUSED'],
      models: [],
    })
  })

  it('takes the names of models separated by commas or spaces, and says which one is none', () => {
    expect(toWebhookInput({ ...good, models: ' team/a, b_1 c.2,' }).models).toEqual(['team/a', 'b_1', 'c.2'])
    expect(checkWebhook({ ...good, models: 'team/a b_1' })).toEqual({})
    expect(checkWebhook({ ...good, models: 'team/a, crème' })).toEqual({
      models: '“crème” cannot be the name of a model.',
    })
  })

  it('finds the field of an issue', () => {
    expect(webhookFieldOf(['input', 'url'])).toBe('url')
    expect(webhookFieldOf(['input'])).toBeUndefined()
  })
})

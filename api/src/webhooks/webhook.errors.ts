import { DomainError } from '../base/errors.ts'

export class WebhookNotFoundError extends DomainError {
  override name = 'WebhookNotFoundError'
  constructor() {
    super('There is no webhook with this id.')
  }
}

export class WebhookDeliveryNotFoundError extends DomainError {
  override name = 'WebhookDeliveryNotFoundError'
  constructor() {
    super('There is no delivery with this id; deliveries are kept for seven days.')
  }
}

export class WebhookDisabledError extends DomainError {
  override name = 'WebhookDisabledError'
  constructor() {
    super('This webhook is disabled. Enable it first.')
  }
}

export class WebhookLimitError extends DomainError {
  override name = 'WebhookLimitError'
  constructor(readonly limit: number) {
    super(`There can be at most ${limit} webhooks. Delete one first.`)
  }
}

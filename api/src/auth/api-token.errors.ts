import { DomainError } from '../base/errors.ts'

export class ApiTokenNotFoundError extends DomainError {
  override name = 'ApiTokenNotFoundError'
  constructor() {
    super('There is no API token with this id.')
  }
}

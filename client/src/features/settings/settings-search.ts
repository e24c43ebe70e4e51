import { flagOf, textOf } from '../../search-params.ts'

/** The state of the settings page, as the URL holds it: which dialog is open. */
export interface SettingsSearch {
  newToken?: true
  /** The id of the token that is about to be revoked. */
  revoke?: string
  newWebhook?: true
  /** The id of the webhook that is about to be deleted. */
  deleteWebhook?: string
}

export function readSettingsSearch(search: Record<string, unknown>): SettingsSearch {
  return {
    newToken: flagOf(search['newToken']),
    revoke: textOf(search['revoke']),
    newWebhook: flagOf(search['newWebhook']),
    deleteWebhook: textOf(search['deleteWebhook']),
  }
}

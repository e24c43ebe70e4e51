import { useId } from 'react'
import { graphql } from '../../graphql/documents.ts'
import type { WebhookEventType } from '../../graphql/gql/graphql.ts'
import { useForm } from '../../graphql/use-form.ts'
import { Button } from '../../ui/button.tsx'
import { Problem } from '../../ui/message.tsx'
import { TextField } from '../../ui/text-field.tsx'
import { type Created, SecretDialog } from './secret-dialog.tsx'
import {
  checkWebhook,
  EVENT_TYPES,
  toWebhookInput,
  WEBHOOK_EVENTS,
  webhookFieldOf,
  type WebhookForm,
} from './webhook-form.ts'

const CreateWebhookDocument = graphql(`
  mutation CreateWebhook($input: CreateWebhookInput!) {
    createWebhook(input: $input) {
      __typename
      ... on CreateWebhookSuccess {
        secret
        webhook {
          id
          name
          ...WebhookRow_webhook
        }
      }
      ... on InvalidInputError {
        message
        issues {
          path
          message
        }
      }
      ... on WebhookLimitError {
        message
      }
      ... on IdempotencyConflictError {
        message
      }
    }
  }
`)

/** Adds a webhook, then shows the secret of its signatures once. */
export function CreateWebhookDialog({ onClose }: { onClose: () => void }) {
  return (
    <SecretDialog
      title="Add a webhook"
      label="Secret"
      note="The receiver uses it to verify that a message comes from this server."
      form={(onCreated) => <WebhookFields onCreated={onCreated} onClose={onClose} />}
      onClose={onClose}
    />
  )
}

interface WebhookFieldsProps {
  onCreated: (created: Created) => void
  onClose: () => void
}

const INITIAL: WebhookForm = { name: '', url: '', events: new Set(EVENT_TYPES), models: '' }

function WebhookFields({ onCreated, onClose }: WebhookFieldsProps) {
  const eventsId = useId()
  const { form, change, problem, problemOf, isBusy, onSubmit } = useForm({
    initial: INITIAL,
    document: CreateWebhookDocument,
    check: checkWebhook,
    fieldOf: webhookFieldOf,
    toInput: toWebhookInput,
    onDone: ({ webhook, secret }) => onCreated({ name: webhook.name, secret: secret ?? '' }),
  })
  const toggle = (event: WebhookEventType, wanted: boolean) => {
    const events = new Set(form.events)
    if (wanted) events.add(event)
    else events.delete(event)
    change({ events })
  }

  return (
    <form onSubmit={onSubmit} noValidate className="flex flex-col gap-4">
      <TextField label="Name" value={form.name} onChange={(name) => change({ name })} problem={problemOf('name')} />
      <TextField
        label="URL"
        value={form.url}
        onChange={(url) => change({ url })}
        problem={problemOf('url')}
        hint="Its address must be public, unless the operator of this server allows others"
      />
      <fieldset aria-describedby={`${eventsId}-note`}>
        <legend className="mb-1.5 font-medium">Events it receives</legend>
        <div className="grid gap-1.5 sm:grid-cols-2">
          {EVENT_TYPES.map((event) => (
            <label key={event} className="flex items-center gap-2">
              <input
                type="checkbox"
                checked={form.events.has(event)}
                onChange={({ target }) => toggle(event, target.checked)}
                className="size-3.5 accent-accent"
              />
              <code translate="no" className="font-mono text-xs">
                {WEBHOOK_EVENTS[event]}
              </code>
            </label>
          ))}
        </div>
        <p id={`${eventsId}-note`} className="mt-1 min-h-4 text-xs text-bad">
          {problemOf('events')}
        </p>
      </fieldset>
      <TextField
        label="Models"
        value={form.models}
        onChange={(models) => change({ models })}
        problem={problemOf('models')}
        hint="Only events of these models, separated by commas; empty for all models"
      />
      {problem && <Problem>{problem}</Problem>}
      <div className="flex justify-end gap-2">
        <Button onClick={onClose}>Cancel</Button>
        <Button kind="primary" type="submit" busy={isBusy}>
          Add
        </Button>
      </div>
    </form>
  )
}

import { type SubmitEvent, useId, useState } from 'react'
import { useMutation } from 'urql'
import { graphql } from '../../graphql/documents.ts'
import type { WebhookEventType } from '../../graphql/gql/graphql.ts'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Problem } from '../../ui/message.tsx'
import { problemText } from '../../ui/problem-text.ts'
import { TextField } from '../../ui/text-field.tsx'
import { SecretOnce } from './secret-once.tsx'
import {
  checkWebhook,
  EVENT_TYPES,
  toWebhookInput,
  WEBHOOK_EVENTS,
  type WebhookField,
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

interface Made {
  name: string
  secret: string
}

/** Adds a webhook and then shows the secret of its signatures, this once. */
export function CreateWebhookDialog({ onClose }: { onClose: () => void }) {
  const [made, setMade] = useState<Made | null>(null)
  return (
    <Dialog open onClose={onClose} title={made ? `The secret of ${made.name}` : 'Add a webhook'} stays={made !== null}>
      {made ? (
        <SecretOnce label="Secret" secret={made.secret} onClose={onClose}>
          The receiver checks with it that a message is ours.
        </SecretOnce>
      ) : (
        <WebhookFields onMade={setMade} onClose={onClose} />
      )}
    </Dialog>
  )
}

function WebhookFields({ onMade, onClose }: { onMade: (made: Made) => void; onClose: () => void }) {
  const eventsId = useId()
  const [form, setForm] = useState<WebhookForm>({ name: '', url: '', events: new Set(EVENT_TYPES) })
  const [tried, setTried] = useState(false)
  const [refused, setRefused] = useState<Partial<Record<WebhookField, string>>>({})
  const [problem, setProblem] = useState<string | null>(null)
  const [{ fetching }, create] = useMutation(CreateWebhookDocument)
  const checked = checkWebhook(form)
  const problemOf = (field: WebhookField) => refused[field] ?? (tried ? checked[field] : undefined)

  const change = (part: Partial<WebhookForm>) => {
    setForm((before) => ({ ...before, ...part }))
    setRefused({})
  }
  const toggle = (event: WebhookEventType, wanted: boolean) => {
    const events = new Set(form.events)
    if (wanted) events.add(event)
    else events.delete(event)
    change({ events })
  }
  const submit = async (event: SubmitEvent) => {
    event.preventDefault()
    setTried(true)
    if (Object.keys(checked).length > 0) return
    setProblem(null)
    const { data, error } = await create({ input: toWebhookInput(form) })
    const result = data?.createWebhook
    if (result?.__typename === 'CreateWebhookSuccess') {
      return onMade({ name: result.webhook.name, secret: result.secret ?? '' })
    }
    if (!result) return setProblem(problemText(error))
    if (result.__typename !== 'InvalidInputError') return setProblem(result.message)
    const fields: Partial<Record<WebhookField, string>> = {}
    for (const { path, message } of result.issues) {
      const field = webhookFieldOf(path)
      if (field) fields[field] = message
      else setProblem(message)
    }
    setRefused(fields)
  }

  return (
    <form onSubmit={(event) => void submit(event)} noValidate className="flex flex-col gap-4">
      <TextField label="Name" value={form.name} onChange={(name) => change({ name })} problem={problemOf('name')} />
      <TextField
        label="URL"
        value={form.url}
        onChange={(url) => change({ url })}
        problem={problemOf('url')}
        hint="Of a public address, unless the operator of this server allows others"
      />
      <fieldset aria-describedby={`${eventsId}-note`}>
        <legend className="mb-1.5 font-medium">What it is told of</legend>
        <div className="grid gap-1.5 sm:grid-cols-2">
          {EVENT_TYPES.map((event) => (
            <label key={event} className="flex items-center gap-2">
              <input
                type="checkbox"
                checked={form.events.has(event)}
                onChange={({ target }) => toggle(event, target.checked)}
                className="size-3.5 accent-accent"
              />
              <code className="font-mono text-xs">{WEBHOOK_EVENTS[event]}</code>
            </label>
          ))}
        </div>
        <p id={`${eventsId}-note`} className="mt-1 min-h-4 text-xs text-bad">
          {problemOf('events')}
        </p>
      </fieldset>
      {problem && <Problem>{problem}</Problem>}
      <div className="flex justify-end gap-2">
        <Button onClick={onClose}>Cancel</Button>
        <Button kind="primary" type="submit" busy={fetching}>
          Add it
        </Button>
      </div>
    </form>
  )
}

import { useNavigate, useSearch } from '@tanstack/react-router'
import { useId } from 'react'
import { type FragmentType, graphql, readFragment } from '../../graphql/documents.ts'
import type { WebhooksQuery } from '../../graphql/gql/graphql.ts'
import { usePages } from '../../graphql/use-pages.ts'
import { Button } from '../../ui/button.tsx'
import { moment } from '../../ui/format.ts'
import { Problem } from '../../ui/message.tsx'
import { problemText } from '../../ui/problem-text.ts'
import { Skeleton } from '../../ui/skeleton.tsx'
import { Status } from '../../ui/status.tsx'
import { useMay } from '../session/scopes.ts'
import { CreateWebhookDialog } from './create-webhook-dialog.tsx'
import { DeleteWebhookDialog } from './delete-webhook-dialog.tsx'
import { TestWebhook } from './test-webhook.tsx'
import { WEBHOOK_EVENTS } from './webhook-form.ts'

const WebhooksDocument = graphql(`
  query Webhooks($after: String) {
    webhooks(first: 50, after: $after) {
      edges {
        cursor
        node {
          id
          ...WebhookRow_webhook
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`)

const WebhookRowFragment = graphql(`
  fragment WebhookRow_webhook on Webhook {
    id
    name
    url
    events
    enabled
    isGone
    createdAt
    createdBy
  }
`)

const connectionOf = (data: WebhooksQuery) => data.webhooks

/** Who is told of what happens, by HTTP; for those who may manage access. */
export function Webhooks() {
  const mayManage = useMay('ADMIN')
  const id = useId()
  return (
    <section aria-labelledby={id}>
      <h2 id={id} className="mb-1 font-medium">
        Webhooks
      </h2>
      <p className="mb-3 text-muted">
        What happens to deployments and training jobs, posted to a URL of yours: signed, and tried again when it fails.
      </p>
      {mayManage ? (
        <List />
      ) : (
        <p className="text-muted">Your token may not manage these: that takes the scope admin.</p>
      )}
    </section>
  )
}

function List() {
  const { newWebhook, deleteWebhook } = useSearch({ from: '/app/settings' })
  const navigate = useNavigate({ from: '/settings' })
  const { nodes, error } = usePages(WebhooksDocument, connectionOf)
  const webhooks = nodes?.map((node) => readFragment(WebhookRowFragment, node))
  const deleting = webhooks?.find(({ id }) => id === deleteWebhook)
  const close = () => void navigate({ search: {}, replace: true })
  return (
    <>
      <Button onClick={() => void navigate({ search: { newWebhook: true } })}>Add a webhook</Button>
      {error && !nodes && (
        <div className="mt-3">
          <Problem>{problemText(error)}</Problem>
        </div>
      )}
      {!nodes && !error && <Skeleton className="mt-4 h-13 w-full" />}
      {nodes?.length === 0 && <p className="mt-3 text-muted">There are no webhooks yet.</p>}
      <ul aria-label="Webhooks" className="mt-3 flex flex-col">
        {nodes?.map((node) => (
          <WebhookRow
            key={node.id}
            webhook={node}
            onDelete={() => void navigate({ search: { deleteWebhook: node.id } })}
          />
        ))}
      </ul>
      {newWebhook && <CreateWebhookDialog onClose={close} />}
      {deleting && <DeleteWebhookDialog id={deleting.id} name={deleting.name} onClose={close} />}
    </>
  )
}

interface WebhookRowProps {
  webhook: FragmentType<typeof WebhookRowFragment>
  onDelete: () => void
}

function WebhookRow({ webhook: masked, onDelete }: WebhookRowProps) {
  const webhook = readFragment(WebhookRowFragment, masked)
  const { id, name, url, events, enabled, isGone, createdAt, createdBy } = webhook
  return (
    <li className="flex flex-wrap items-center gap-x-4 gap-y-2 border-t border-line py-2 last:border-b">
      <div className="min-w-60 flex-1">
        <p className="flex flex-wrap items-center gap-x-4">
          <span className="font-medium wrap-anywhere">{name}</span>
          <Status tone={enabled ? 'ok' : isGone ? 'warn' : 'quiet'}>
            {enabled ? 'Enabled' : isGone ? 'Disabled: it answered 410 Gone' : 'Disabled'}
          </Status>
        </p>
        <p className="font-mono text-xs wrap-anywhere">{url}</p>
        <p className="flex flex-wrap gap-x-4 text-xs text-muted">
          <span>{events.map((event) => WEBHOOK_EVENTS[event]).join(', ')}</span>
          <span>
            Added by {createdBy}, {moment(new Date(createdAt))}
          </span>
        </p>
      </div>
      <TestWebhook id={id} name={name} enabled={enabled} />
      <Button kind="danger" small onClick={onDelete}>
        Delete…
        <span className="sr-only"> {name}</span>
      </Button>
    </li>
  )
}

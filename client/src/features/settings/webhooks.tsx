import { useNavigate, useSearch } from '@tanstack/react-router'
import { type FragmentType, graphql, readFragment } from '../../graphql/documents.ts'
import type { WebhooksQuery } from '../../graphql/gql/graphql.ts'
import { usePages } from '../../graphql/use-pages.ts'
import { Button } from '../../ui/button.tsx'
import { moment } from '../../ui/format.ts'
import { Status } from '../../ui/status.tsx'
import { AdminList, AdminSection } from './admin-list.tsx'
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
    models
    enabled
    isGone
    createdAt
    createdBy
  }
`)

const connectionOf = (data: WebhooksQuery) => data.webhooks

const INTRO =
  'Events of deployments and training jobs are posted to your URL. They are signed, and a failed delivery is retried.'

/** Which URLs receive events. */
export function Webhooks() {
  return (
    <AdminSection title="Webhooks" intro={INTRO}>
      <List />
    </AdminSection>
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
      <AdminList
        label="Webhooks"
        nodes={nodes}
        error={error}
        empty="There are no webhooks yet."
        row={(node) => (
          <WebhookRow
            key={node.id}
            webhook={node}
            onDelete={() => void navigate({ search: { deleteWebhook: node.id } })}
          />
        )}
      />
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
  const { id, name, url, events, models, enabled, isGone, createdAt, createdBy } = webhook
  return (
    <li className="flex flex-wrap items-center gap-x-4 gap-y-2 border-t border-line py-2 last:border-b">
      <div className="min-w-60 flex-1">
        <p className="flex flex-wrap items-center gap-x-4">
          <span translate="no" className="font-medium wrap-anywhere">
            {name}
          </span>
          <Status tone={enabled ? 'ok' : isGone ? 'warn' : 'quiet'}>
            {enabled ? 'Enabled' : isGone ? 'Disabled: it answered 410 Gone' : 'Disabled'}
          </Status>
        </p>
        <p translate="no" className="font-mono text-xs wrap-anywhere">
          {url}
        </p>
        <p className="flex flex-wrap gap-x-4 text-xs text-muted">
          <span>{events.map((event) => WEBHOOK_EVENTS[event]).join(', ')}</span>
          {models.length > 0 && <span className="wrap-anywhere">of {models.join(', ')}</span>}
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

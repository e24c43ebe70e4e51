import { useEffect, useId, useState } from 'react'
import { useClient } from 'urql'
import { graphql } from '../../graphql/documents.ts'
import type { WebhookFailure } from '../../graphql/gql/graphql.ts'
import { useAction } from '../../graphql/use-action.ts'
import { Button } from '../../ui/button.tsx'

const SendTestWebhookDocument = graphql(`
  mutation SendTestWebhook($input: SendTestWebhookInput!) {
    sendTestWebhook(input: $input) {
      __typename
      ... on SendTestWebhookSuccess {
        delivery {
          id
        }
      }
      ... on WebhookDisabledError {
        message
      }
      ... on WebhookNotFoundError {
        message
      }
      ... on InvalidInputError {
        message
      }
    }
  }
`)

const TestDeliveryDocument = graphql(`
  query TestDelivery($id: ID!) {
    node(id: $id) {
      __typename
      ... on WebhookDelivery {
        id
        attempts {
          durationMs
          statusCode
          failure
        }
      }
    }
  }
`)

const POLL_MS = 500
/** An attempt takes at most ten seconds. */
const MOST_POLLS = 30

const FAILURES: Record<WebhookFailure, string> = {
  ADDRESS_REFUSED: 'its address is unknown or not public',
  CONNECTION_FAILED: 'the connection failed, or the answer was not valid HTTP',
  STATUS: 'the answer was not 2xx',
  TIMED_OUT: 'there was no answer within 10 seconds',
}

/** Sends a test message and shows its result. */
export function TestWebhook({ id, name, enabled }: { id: string; name: string; enabled: boolean }) {
  const client = useClient()
  const reasonId = useId()
  const { isBusy, problem, run } = useAction()
  const [delivery, setDelivery] = useState<string | null>(null)
  const [outcome, setOutcome] = useState('')

  useEffect(() => {
    if (delivery === null) return
    let polls = 0
    let isGone = false
    const timer = setInterval(() => {
      polls += 1
      if (polls > MOST_POLLS) {
        setOutcome('There is no result yet.')
        return setDelivery(null)
      }
      void client
        .query(TestDeliveryDocument, { id: delivery }, { requestPolicy: 'network-only' })
        .toPromise()
        .then(({ data }) => {
          const attempt = data?.node?.__typename === 'WebhookDelivery' ? data.node.attempts[0] : undefined
          if (!attempt || isGone) return
          const { failure, statusCode, durationMs } = attempt
          const answer = statusCode == null ? '' : ` (${statusCode})`
          setOutcome(failure ? `Failed: ${FAILURES[failure]}${answer}.` : `Received${answer} in ${durationMs} ms.`)
          setDelivery(null)
        })
    }, POLL_MS)
    return () => {
      isGone = true
      clearInterval(timer)
    }
  }, [client, delivery])

  const press = async () => {
    setOutcome('')
    const { done } = await run(SendTestWebhookDocument, { webhookId: id })
    if (done) setDelivery(done.delivery.id)
  }
  return (
    <>
      <p id={reasonId} role="status" className="text-xs text-muted empty:hidden">
        {enabled && (delivery === null ? (problem ?? outcome) : 'A test message is being delivered…')}
      </p>
      <Button
        small
        off={!enabled}
        title={enabled ? undefined : 'This webhook is disabled'}
        aria-describedby={reasonId}
        busy={isBusy || delivery !== null}
        onClick={() => void press()}
      >
        Test
        <span className="sr-only"> {name}</span>
      </Button>
    </>
  )
}

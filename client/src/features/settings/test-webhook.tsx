import { useEffect, useId, useState } from 'react'
import { useClient, useMutation } from 'urql'
import { graphql } from '../../graphql/documents.ts'
import type { WebhookFailure } from '../../graphql/gql/graphql.ts'
import { Button } from '../../ui/button.tsx'
import { problemText } from '../../ui/problem-text.ts'

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

const LOOK_MS = 500
/** An attempt ends within ten seconds. */
const MOST_LOOKS = 30

const FAILURES: Record<WebhookFailure, string> = {
  ADDRESS_REFUSED: 'its address is unknown, or not a public one',
  CONNECTION_FAILED: 'there was no connection, or no valid answer of HTTP',
  STATUS: 'the answer was not 2xx',
  TIMED_OUT: 'there was no answer within 10 seconds',
}

/** Sends a test message and says what came of it. */
export function TestWebhook({ id, name, enabled }: { id: string; name: string; enabled: boolean }) {
  const client = useClient()
  const reasonId = useId()
  const [{ fetching }, send] = useMutation(SendTestWebhookDocument)
  const [delivery, setDelivery] = useState<string | null>(null)
  const [outcome, setOutcome] = useState('')

  useEffect(() => {
    if (delivery === null) return
    let looks = 0
    let gone = false
    const timer = setInterval(() => {
      looks += 1
      if (looks > MOST_LOOKS) {
        setOutcome('Nothing came of it yet.')
        return setDelivery(null)
      }
      void client
        .query(TestDeliveryDocument, { id: delivery }, { requestPolicy: 'network-only' })
        .toPromise()
        .then(({ data }) => {
          const attempt = data?.node?.__typename === 'WebhookDelivery' ? data.node.attempts[0] : undefined
          if (!attempt || gone) return
          const { failure, statusCode, durationMs } = attempt
          const answer = statusCode == null ? '' : ` (${statusCode})`
          setOutcome(failure ? `Failed: ${FAILURES[failure]}${answer}.` : `Received${answer} in ${durationMs} ms.`)
          setDelivery(null)
        })
    }, LOOK_MS)
    return () => {
      gone = true
      clearInterval(timer)
    }
  }, [client, delivery])

  const press = async () => {
    setOutcome('')
    const { data, error } = await send({ input: { webhookId: id } })
    const result = data?.sendTestWebhook
    if (result?.__typename === 'SendTestWebhookSuccess') setDelivery(result.delivery.id)
    else setOutcome(result ? result.message : problemText(error))
  }
  return (
    <>
      <p id={reasonId} role="status" className="text-xs text-muted empty:hidden">
        {enabled ? (delivery === null ? outcome : 'A test is on its way…') : ''}
      </p>
      <Button
        small
        off={!enabled}
        title={enabled ? undefined : 'It is disabled'}
        aria-describedby={reasonId}
        busy={fetching || delivery !== null}
        onClick={() => void press()}
      >
        Test
        <span className="sr-only"> {name}</span>
      </Button>
    </>
  )
}

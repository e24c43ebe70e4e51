import { Link } from '@tanstack/react-router'
import { type ReactNode, useState } from 'react'
import { serverPath } from '../../base-path.ts'
import { graphql } from '../../graphql/documents.ts'
import { useAction } from '../../graphql/use-action.ts'
import { Button } from '../../ui/button.tsx'
import { copyText } from '../../ui/copy-text.ts'
import { CheckIcon, CopyIcon } from '../../ui/icons.tsx'
import { Problem } from '../../ui/message.tsx'
import { useMay } from '../session/scopes.ts'
import { otlpEnvironment } from './report-snippet.ts'

const CreateReportTokenDocument = graphql(`
  mutation CreateReportToken($input: CreateApiTokenInput!) {
    createApiToken(input: $input) {
      __typename
      ... on CreateApiTokenSuccess {
        secret
        apiToken {
          id
          name
          ...ApiTokenRow_apiToken
        }
      }
      ... on InvalidInputError {
        message
      }
      ... on QuotaExceededError {
        message
      }
      ... on IdempotencyConflictError {
        message
      }
    }
  }
`)

interface ReportHelpProps {
  deployment: { id: string; name: string }
  /** The buttons that close it. */
  children: ReactNode
}

const MOST_CHARACTERS = 100

/** How a program reports: the endpoint, a token that may do nothing else, and the environment for OpenTelemetry. */
export function ReportHelp({ deployment, children }: ReportHelpProps) {
  const [token, setToken] = useState<string>()
  const [copied, setCopied] = useState<boolean | null>(null)
  const { isBusy, problem, run } = useAction()
  const mayCreate = [useMay('ADMIN'), useMay('REPORT')].every(Boolean)
  const server = location.origin + serverPath('')
  const snippet = otlpEnvironment({ server, deploymentId: deployment.id, token })
  const create = async () => {
    const name = `reports of ${deployment.name}`.slice(0, MOST_CHARACTERS)
    const input = { name, scopes: ['REPORT' as const], deploymentId: deployment.id }
    const { done } = await run(CreateReportTokenDocument, input)
    // The secret is null only for a call that repeats an earlier one, which this never does.
    if (done) setToken(done.secret ?? undefined)
    setCopied(null)
  }
  return (
    <div className="flex flex-col gap-3">
      <p>
        A program with an OpenTelemetry SDK, or a collector, sends its metrics by OTLP over HTTP, as protobuf or JSON.
        Set this in its environment:
      </p>
      <pre
        translate="no"
        role="group"
        tabIndex={0}
        aria-label="Environment for OpenTelemetry"
        className="overflow-x-auto rounded-md border border-line-strong bg-ground p-2.5 font-mono text-xs leading-5 select-all"
      >
        {snippet}
      </pre>
      <div className="flex flex-wrap items-center gap-2">
        <Button className="w-22" onClick={() => void copyText(snippet).then(setCopied)}>
          {copied ? <CheckIcon size={14} /> : <CopyIcon size={14} />}
          {copied ? 'Copied' : 'Copy'}
        </Button>
        {mayCreate && token === undefined && (
          <Button busy={isBusy} onClick={() => void create()}>
            Create a token for it
          </Button>
        )}
        <span role="status" className="text-xs text-muted">
          {copied === true && 'Copied to the clipboard.'}
          {copied === false && 'The browser does not allow copying. Select it and copy it with the keyboard.'}
        </span>
      </div>
      {problem && <Problem>{problem}</Problem>}
      {token === undefined ? (
        <p className="text-muted">
          The token needs the scope <code className="font-mono text-xs text-text">REPORT</code>.{' '}
          {mayCreate ? (
            'One created here may report for this deployment and do nothing else.'
          ) : (
            <>
              Somebody with the scope ADMIN creates one in the{' '}
              <Link to="/settings" className="underline">
                settings
              </Link>
              .
            </>
          )}
        </p>
      ) : (
        <p className="rounded-md bg-warn-ground px-3 py-2">
          <strong className="font-medium">Copy it now.</strong> The token is shown only once. It may report for this
          deployment and do nothing else.
        </p>
      )}
      <p className="text-muted">
        Names of{' '}
        <code translate="no" className="font-mono text-xs">
          gen_ai.server.*
        </code>{' '}
        are understood as they are. Without OpenTelemetry, the mutation{' '}
        <code translate="no" className="font-mono text-xs">
          reportInferences
        </code>{' '}
        takes requests one by one.
      </p>
      <div className="flex justify-end gap-2">{children}</div>
    </div>
  )
}

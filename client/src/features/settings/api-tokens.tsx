import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { type FragmentType, graphql, readFragment } from '../../graphql/documents.ts'
import type { ApiTokensQuery } from '../../graphql/gql/graphql.ts'
import { usePages } from '../../graphql/use-pages.ts'
import { serverNow, useClock } from '../../live/clock.ts'
import { Button } from '../../ui/button.tsx'
import { moment } from '../../ui/format.ts'
import { Status, type Tone } from '../../ui/status.tsx'
import { AdminList, AdminSection } from './admin-list.tsx'
import { CreateTokenDialog } from './create-token-dialog.tsx'
import { RevokeTokenDialog } from './revoke-token-dialog.tsx'
import { type TokenState, tokenState } from './token-form.ts'

const ApiTokensDocument = graphql(`
  query ApiTokens($after: String) {
    viewer {
      apiTokens(first: 100, after: $after) {
        edges {
          cursor
          node {
            id
            ...ApiTokenRow_apiToken
          }
        }
        pageInfo {
          hasNextPage
          endCursor
        }
      }
    }
  }
`)

const ApiTokenRowFragment = graphql(`
  fragment ApiTokenRow_apiToken on ApiToken {
    id
    name
    scopes
    createdAt
    createdBy
    expiresAt
    lastUsedAt
    revokedAt
    deployment {
      id
      version
      model {
        id
        name
      }
    }
  }
`)

const connectionOf = (data: ApiTokensQuery) => data.viewer.apiTokens

const INTRO = (
  <>
    A program sends its token as{' '}
    <code translate="no" className="font-mono text-xs text-text">
      Authorization: Bearer …
    </code>
    . A person can sign in with one.
  </>
)

/** Who may call the API, and with which scopes. */
export function ApiTokens() {
  return (
    <AdminSection title="API tokens" intro={INTRO}>
      <Tokens />
    </AdminSection>
  )
}

function Tokens() {
  const { newToken, revoke } = useSearch({ from: '/app/settings' })
  const navigate = useNavigate({ from: '/settings' })
  const { nodes, error } = usePages(ApiTokensDocument, connectionOf)
  const tokens = nodes?.map((node) => readFragment(ApiTokenRowFragment, node))
  const revoking = tokens?.find(({ id }) => id === revoke)
  const close = () => void navigate({ search: {}, replace: true })
  return (
    <>
      <Button onClick={() => void navigate({ search: { newToken: true } })}>Create a token</Button>
      <AdminList
        label="API tokens"
        nodes={nodes}
        error={error}
        empty="There are no tokens yet."
        row={(node) => (
          <TokenRow key={node.id} token={node} onRevoke={() => void navigate({ search: { revoke: node.id } })} />
        )}
      />
      {newToken && <CreateTokenDialog onClose={close} />}
      {revoking && <RevokeTokenDialog id={revoking.id} name={revoking.name} onClose={close} />}
    </>
  )
}

const STATES: Record<TokenState, { tone: Tone; word: string }> = {
  active: { tone: 'ok', word: 'Active' },
  expired: { tone: 'quiet', word: 'Expired' },
  revoked: { tone: 'quiet', word: 'Revoked' },
}

interface TokenRowProps {
  token: FragmentType<typeof ApiTokenRowFragment>
  onRevoke: () => void
}

function TokenRow({ token: masked, onRevoke }: TokenRowProps) {
  const token = readFragment(ApiTokenRowFragment, masked)
  const state = useClock((now) => tokenState(token, serverNow(now)))
  const { tone, word } = STATES[state]
  return (
    <li className="flex items-center gap-4 border-t border-line py-2 last:border-b">
      <div className="min-w-0 flex-1">
        <p className="flex flex-wrap items-center gap-x-4">
          <span
            translate="no"
            className={state === 'active' ? 'font-medium wrap-anywhere' : 'wrap-anywhere text-muted'}
          >
            {token.name}
          </span>
          <Status tone={tone}>{word}</Status>
          <span>
            {token.scopes.map((scope) => scope.toLowerCase()).join(', ')}
            {token.deployment && (
              <>
                {' '}
                for{' '}
                <Link
                  to="/deployments/$id"
                  params={{ id: token.deployment.id }}
                  translate="no"
                  className="wrap-anywhere hover:underline"
                >
                  {token.deployment.model.name} {token.deployment.version}
                </Link>
              </>
            )}
          </span>
        </p>
        <p className="flex flex-wrap gap-x-4 text-xs text-muted">
          <span>
            Created by {token.createdBy}, {when(token.createdAt)}
          </span>
          <span>{token.lastUsedAt ? `Last used ${when(token.lastUsedAt)}` : 'Never used'}</span>
          <span>{ending(token, state)}</span>
        </p>
      </div>
      {state === 'active' && (
        <Button kind="danger" small onClick={onRevoke}>
          Revoke…
          <span className="sr-only"> {token.name}</span>
        </Button>
      )}
    </li>
  )
}

const when = (at: string) => moment(new Date(at))

function ending(token: { expiresAt?: string | null; revokedAt?: string | null }, state: TokenState): string {
  if (token.revokedAt) return `Revoked ${when(token.revokedAt)}`
  if (!token.expiresAt) return 'Does not expire'
  return `${state === 'expired' ? 'Expired' : 'Expires'} ${when(token.expiresAt)}`
}

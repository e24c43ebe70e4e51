import { useId } from 'react'
import { graphql } from '../../graphql/documents.ts'
import { useForm } from '../../graphql/use-form.ts'
import { serverNow } from '../../live/clock.ts'
import { Button } from '../../ui/button.tsx'
import { Problem } from '../../ui/message.tsx'
import { Select } from '../../ui/select.tsx'
import { TextField } from '../../ui/text-field.tsx'
import { type Scope, SCOPE_WORDS, SCOPES, useMay } from '../session/scopes.ts'
import { type Created, SecretDialog } from './secret-dialog.tsx'
import { ReportsFor } from './reports-for.tsx'
import { checkToken, EXPIRIES, onlyReports, tokenFieldOf, type TokenForm, toTokenInput } from './token-form.ts'

const CreateApiTokenDocument = graphql(`
  mutation CreateApiToken($input: CreateApiTokenInput!) {
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
        issues {
          path
          message
        }
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

/** Creates a token, then shows its secret once. */
export function CreateTokenDialog({ onClose }: { onClose: () => void }) {
  return (
    <SecretDialog
      title="Create an API token"
      label="Token"
      note="Anyone who has it can use it."
      form={(onCreated) => <TokenFields onCreated={onCreated} onClose={onClose} />}
      onClose={onClose}
    />
  )
}

interface TokenFieldsProps {
  onCreated: (created: Created) => void
  onClose: () => void
}

const INITIAL: TokenForm = { name: '', scopes: new Set<Scope>(['READ']), days: 90, deploymentId: null }

function TokenFields({ onCreated, onClose }: TokenFieldsProps) {
  const scopesId = useId()
  const expiryId = useId()
  const { form, change, problem, problemOf, isBusy, onSubmit } = useForm({
    initial: INITIAL,
    document: CreateApiTokenDocument,
    check: checkToken,
    fieldOf: tokenFieldOf,
    toInput: (checked) => toTokenInput(checked, serverNow()),
    // The secret is null only for a call that repeats an earlier one, which this form never does.
    onDone: ({ apiToken, secret }) => onCreated({ name: apiToken.name, secret: secret ?? '' }),
  })
  const toggle = (scope: Scope, wanted: boolean) => {
    const scopes = new Set(form.scopes)
    if (wanted) scopes.add(scope)
    else scopes.delete(scope)
    change({ scopes })
  }

  return (
    <form onSubmit={onSubmit} noValidate className="flex flex-col gap-4">
      <TextField
        label="Name"
        value={form.name}
        onChange={(name) => change({ name })}
        problem={problemOf('name')}
        hint="Who will use it, for example “training cluster”"
      />
      <fieldset aria-describedby={`${scopesId}-note`}>
        <legend className="mb-1.5 font-medium">Scopes</legend>
        <div className="flex flex-col gap-2">
          {SCOPES.map((scope) => (
            <ScopeChoice
              key={scope}
              scope={scope}
              checked={form.scopes.has(scope)}
              onChange={(wanted) => toggle(scope, wanted)}
            />
          ))}
        </div>
        <p id={`${scopesId}-note`} className="mt-1 min-h-4 text-xs text-bad">
          {problemOf('scopes')}
        </p>
      </fieldset>
      {onlyReports(form) && (
        <ReportsFor
          value={form.deploymentId}
          onChange={(deploymentId) => change({ deploymentId })}
          problem={problemOf('deploymentId')}
        />
      )}
      <div>
        <label htmlFor={expiryId} className="mb-1 block font-medium">
          Expires
        </label>
        <Select
          id={expiryId}
          label="Expires"
          value={form.days ?? ''}
          onChange={({ target }) => change({ days: target.value === '' ? null : Number(target.value) })}
        >
          {EXPIRIES.map(({ days, label }) => (
            <option key={label} value={days ?? ''}>
              {label}
            </option>
          ))}
        </Select>
        <p className="mt-1 min-h-4 text-xs text-bad">{problemOf('expiresAt')}</p>
      </div>
      {problem && <Problem>{problem}</Problem>}
      <div className="flex justify-end gap-2">
        <Button onClick={onClose}>Cancel</Button>
        <Button kind="primary" type="submit" busy={isBusy}>
          Create
        </Button>
      </div>
    </form>
  )
}

interface ScopeChoiceProps {
  scope: Scope
  checked: boolean
  onChange: (wanted: boolean) => void
}

/** People can grant only the scopes that they have. */
function ScopeChoice({ scope, checked, onChange }: ScopeChoiceProps) {
  const may = useMay(scope)
  return (
    <label className={may ? 'flex gap-2' : 'flex gap-2 text-muted'}>
      <input
        type="checkbox"
        checked={checked}
        disabled={!may}
        onChange={(event) => onChange(event.target.checked)}
        className="mt-1 size-3.5 shrink-0 self-start accent-accent"
      />
      <span>
        <span className="font-medium">{scope.toLowerCase()}</span>
        <span className="block text-xs text-muted">
          {may ? SCOPE_WORDS[scope] : 'Your own token does not have this scope.'}
        </span>
      </span>
    </label>
  )
}

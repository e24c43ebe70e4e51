import { type SubmitEvent, useId, useState } from 'react'
import { useMutation } from 'urql'
import { graphql } from '../../graphql/documents.ts'
import { serverNow } from '../../live/clock.ts'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Problem } from '../../ui/message.tsx'
import { problemText } from '../../ui/problem-text.ts'
import { Select } from '../../ui/select.tsx'
import { TextField } from '../../ui/text-field.tsx'
import { type Scope, SCOPE_WORDS, SCOPES, useMay } from '../session/scopes.ts'
import { SecretOnce } from './secret-once.tsx'
import { checkToken, EXPIRIES, type TokenField, tokenFieldOf, type TokenForm, toTokenInput } from './token-form.ts'

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
    }
  }
`)

interface Made {
  name: string
  secret: string
}

/** Makes a token and then shows its secret, this once. */
export function CreateTokenDialog({ onClose }: { onClose: () => void }) {
  const [made, setMade] = useState<Made | null>(null)
  return (
    <Dialog
      open
      onClose={onClose}
      title={made ? `The token of ${made.name}` : 'Make an API token'}
      stays={made !== null}
    >
      {made ? (
        <SecretOnce label="Token" secret={made.secret} onClose={onClose}>
          Whoever has it can do what it may.
        </SecretOnce>
      ) : (
        <TokenFields onMade={setMade} onClose={onClose} />
      )}
    </Dialog>
  )
}

function TokenFields({ onMade, onClose }: { onMade: (made: Made) => void; onClose: () => void }) {
  const scopesId = useId()
  const expiryId = useId()
  const [form, setForm] = useState<TokenForm>({ name: '', scopes: new Set<Scope>(['READ']), days: 90 })
  const [tried, setTried] = useState(false)
  const [refused, setRefused] = useState<Partial<Record<TokenField, string>>>({})
  const [problem, setProblem] = useState<string | null>(null)
  const [{ fetching }, create] = useMutation(CreateApiTokenDocument)
  const checked = checkToken(form)
  const problemOf = (field: TokenField) => refused[field] ?? (tried ? checked[field] : undefined)

  const change = (part: Partial<TokenForm>) => {
    setForm((before) => ({ ...before, ...part }))
    setRefused({})
  }
  const toggle = (scope: Scope, wanted: boolean) => {
    const scopes = new Set(form.scopes)
    if (wanted) scopes.add(scope)
    else scopes.delete(scope)
    change({ scopes })
  }
  const submit = async (event: SubmitEvent) => {
    event.preventDefault()
    setTried(true)
    if (Object.keys(checked).length > 0) return
    setProblem(null)
    const { data, error } = await create({ input: toTokenInput(form, serverNow()) })
    const result = data?.createApiToken
    // Null only for a call that repeats another one, and no two of ours do.
    if (result?.__typename === 'CreateApiTokenSuccess' && result.secret != null) {
      return onMade({ name: result.apiToken.name, secret: result.secret })
    }
    if (result?.__typename !== 'InvalidInputError') return setProblem(problemText(error))
    const fields: Partial<Record<TokenField, string>> = {}
    for (const { path, message } of result.issues) {
      const field = tokenFieldOf(path)
      if (field) fields[field] = message
      else setProblem(message)
    }
    setRefused(fields)
  }

  return (
    <form onSubmit={(event) => void submit(event)} noValidate className="flex flex-col gap-4">
      <TextField
        label="Name"
        value={form.name}
        onChange={(name) => change({ name })}
        problem={problemOf('name')}
        hint="Who will use it, like “training cluster”"
      />
      <fieldset aria-describedby={`${scopesId}-note`}>
        <legend className="mb-1.5 font-medium">What it may do</legend>
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
        <Button kind="primary" type="submit" busy={fetching}>
          Make it
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

/** Nobody gives away what they do not have. */
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
          {may ? SCOPE_WORDS[scope] : 'Your own token does not have it.'}
        </span>
      </span>
    </label>
  )
}

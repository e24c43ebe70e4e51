import { type SubmitEvent, useId, useState } from 'react'
import { useNavigate } from '@tanstack/react-router'
import { useMutation } from 'urql'
import { graphql } from '../../graphql/documents.ts'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Problem } from '../../ui/message.tsx'
import { TextField } from '../../ui/text-field.tsx'
import { problemText } from '../../ui/problem-text.ts'
import { notify } from '../../ui/notices.ts'
import { checkStart, type StartField, type StartForm, toInput } from './start-form.ts'

const StartJobDocument = graphql(`
  mutation StartJob($input: StartTrainingJobInput!) {
    startTrainingJob(input: $input) {
      __typename
      ... on StartTrainingJobSuccess {
        trainingJob {
          id
          name
          ...TrainingJobsTable_trainingJob
        }
      }
      ... on IdempotencyConflictError {
        message
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

const SENSIBLE: StartForm = {
  modelName: '',
  name: '',
  dataset: '',
  framework: 'pytorch',
  learningRate: '0.0002',
  batchSize: '32',
  epochs: '3',
}

/** Starts a simulated run. Checked as one types; what the API finds stands next to its field. */
export function StartJobDialog({ models, onClose }: { models: readonly string[]; onClose: () => void }) {
  const navigate = useNavigate()
  const modelsId = useId()
  const [form, setForm] = useState<StartForm>(() => ({ ...SENSIBLE, modelName: models[0] ?? '' }))
  const [touched, setTouched] = useState<ReadonlySet<StartField>>(new Set())
  const [refused, setRefused] = useState<Partial<Record<StartField, string>>>({})
  const [problem, setProblem] = useState<string | null>(null)
  const [{ fetching }, start] = useMutation(StartJobDocument)
  const checked = checkStart(form)

  const change = (field: StartField, value: string) => {
    setForm((before) => ({ ...before, [field]: value }))
    setTouched((before) => new Set(before).add(field))
    setRefused((before) => ({ ...before, [field]: undefined }))
  }

  const submit = async (event: SubmitEvent) => {
    event.preventDefault()
    setTouched(new Set(Object.keys(form) as StartField[]))
    if (Object.keys(checked).length > 0) return
    setProblem(null)
    const { data, error } = await start({ input: toInput(form) })
    const result = data?.startTrainingJob
    if (result?.__typename === 'StartTrainingJobSuccess') {
      notify(`Started ${result.trainingJob.name}`)
      await navigate({ to: '/training-jobs/$id', params: { id: result.trainingJob.id } })
      return
    }
    if (!result) return setProblem(problemText(error))
    if (result.__typename !== 'InvalidInputError') return setProblem(result.message)
    const fields: Partial<Record<StartField, string>> = {}
    const elsewhere: string[] = []
    for (const { path, message } of result.issues) {
      const field = path.findLast((part): part is StartField => part in form)
      if (field) fields[field] = message
      else elsewhere.push(message)
    }
    setRefused(fields)
    if (elsewhere.length > 0 || Object.keys(fields).length === 0) setProblem(elsewhere.join(' ') || result.message)
  }

  const field = (name: StartField, label: string, extra: { hint?: string; list?: string } = {}) => (
    <TextField
      label={label}
      value={form[name]}
      onChange={(value) => change(name, value)}
      problem={refused[name] ?? (touched.has(name) ? checked[name] : undefined)}
      {...extra}
    />
  )
  return (
    <Dialog open onClose={onClose} title="Start a training job">
      <form onSubmit={(event) => void submit(event)} noValidate className="flex flex-col gap-4">
        {field('modelName', 'Model', { hint: 'A new name makes a new model', list: modelsId })}
        <datalist id={modelsId}>
          {models.map((name) => (
            <option key={name} value={name} />
          ))}
        </datalist>
        {field('name', 'Job name', { hint: 'Left empty, the server chooses one' })}
        <div className="grid gap-4 sm:grid-cols-2">
          {field('dataset', 'Dataset')}
          {field('framework', 'Framework')}
        </div>
        <div className="grid grid-cols-3 gap-4">
          {field('learningRate', 'Learning rate')}
          {field('batchSize', 'Batch size')}
          {field('epochs', 'Epochs')}
        </div>
        {problem && <Problem>{problem}</Problem>}
        <div className="mt-1 flex items-center justify-end gap-2">
          <span className="mr-auto text-xs text-muted">A simulated run of about a minute</span>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" busy={fetching}>
            {fetching ? 'Starting' : 'Start'}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}

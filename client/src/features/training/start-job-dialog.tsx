import { useNavigate } from '@tanstack/react-router'
import { useId } from 'react'
import { graphql } from '../../graphql/documents.ts'
import { useForm } from '../../graphql/use-form.ts'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Problem } from '../../ui/message.tsx'
import { notify } from '../../ui/notices.ts'
import { TextField } from '../../ui/text-field.tsx'
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
      ... on TrainingJobExternalIdTakenError {
        message
      }
      ... on QuotaExceededError {
        message
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

const DEFAULTS: StartForm = {
  modelName: '',
  name: '',
  dataset: '',
  framework: 'pytorch',
  learningRate: '0.0002',
  batchSize: '32',
  epochs: '3',
}

/** Starts a simulated run. The form is checked as one types; what the API refuses is shown beside its field. */
export function StartJobDialog({ models, onClose }: { models: readonly string[]; onClose: () => void }) {
  const navigate = useNavigate()
  const modelsId = useId()
  const { form, change, problem, problemOf, isBusy, onSubmit } = useForm({
    initial: { ...DEFAULTS, modelName: models[0] ?? '' },
    document: StartJobDocument,
    check: checkStart,
    fieldOf: (path) => path.findLast((part): part is StartField => part in DEFAULTS),
    toInput,
    onDone({ trainingJob: { id, name } }) {
      notify(`Started ${name}`)
      void navigate({ to: '/training-jobs/$id', params: { id } })
    },
  })

  const field = (name: StartField, label: string, extra: { hint?: string; list?: string } = {}) => (
    <TextField
      label={label}
      value={form[name]}
      onChange={(value) => change({ [name]: value }, name)}
      problem={problemOf(name)}
      {...extra}
    />
  )
  return (
    <Dialog open onClose={onClose} title="Start a training job">
      <form onSubmit={onSubmit} noValidate className="flex flex-col gap-4">
        {field('modelName', 'Model', { hint: 'A new name creates a new model', list: modelsId })}
        <datalist id={modelsId}>
          {models.map((name) => (
            <option key={name} value={name} />
          ))}
        </datalist>
        {field('name', 'Job name', { hint: 'If empty, the server chooses one' })}
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
          <span className="mr-auto text-xs text-muted">A simulated run that takes about a minute</span>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" busy={isBusy}>
            {isBusy ? 'Starting' : 'Start'}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}

import { Select } from '../../ui/select.tsx'

interface ModelSelectProps {
  models: readonly string[]
  /** Undefined: all of them. */
  model: string | undefined
  onChange: (model: string | undefined) => void
  className?: string
}

/** Which model's deployments a page shows. */
export function ModelSelect({ models, model, onChange, className }: ModelSelectProps) {
  return (
    <Select
      label="Model"
      value={model ?? ''}
      onChange={(event) => onChange(event.target.value || undefined)}
      className={className}
    >
      <option value="">All models</option>
      {models.map((name) => (
        // A translated text would be another model's.
        <option key={name} value={name} translate="no">
          {name}
        </option>
      ))}
    </Select>
  )
}

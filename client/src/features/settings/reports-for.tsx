import { useId } from 'react'
import { useQuery } from 'urql'
import { graphql } from '../../graphql/documents.ts'
import { Select } from '../../ui/select.tsx'

const ReportedDeploymentsDocument = graphql(`
  query ReportedDeployments {
    deployments(first: 100, filter: { source: [REPORTED] }, orderBy: { field: CREATED_AT, direction: DESC }) {
      edges {
        node {
          id
          version
          model {
            id
            name
          }
        }
      }
    }
  }
`)

interface ReportsForProps {
  value: string | null
  onChange: (deploymentId: string | null) => void
  problem: string | undefined
}

/** The deployment that a token may report for: any, or one of those whose metrics are reported. */
export function ReportsFor({ value, onChange, problem }: ReportsForProps) {
  const id = useId()
  const [{ data, error }] = useQuery({ query: ReportedDeploymentsDocument, requestPolicy: 'cache-and-network' })
  const edges = data?.deployments.edges ?? []
  const nothing = data && edges.length === 0 ? 'No deployment has reports as its source yet.' : ''
  return (
    <div>
      <label htmlFor={id} className="mb-1 block font-medium">
        Reports for
      </label>
      <Select
        id={id}
        label="Reports for"
        className="w-full"
        value={value ?? ''}
        aria-describedby={`${id}-note`}
        onChange={({ target }) => onChange(target.value === '' ? null : target.value)}
      >
        <option value="">Any deployment</option>
        {edges.map(({ node }) => (
          <option key={node.id} value={node.id} translate="no">
            {node.model.name} {node.version}
          </option>
        ))}
      </Select>
      <p id={`${id}-note`} className={problem ? 'mt-1 min-h-4 text-xs text-bad' : 'mt-1 min-h-4 text-xs text-muted'}>
        {problem ?? (error ? 'The deployments could not be loaded.' : nothing)}
      </p>
    </div>
  )
}

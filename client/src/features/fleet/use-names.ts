import { useEffect, useState } from 'react'
import { useClient } from 'urql'
import { graphql } from '../../graphql/documents.ts'

const RankedDeploymentsDocument = graphql(`
  query RankedDeployments($ids: [ID!]!) {
    nodes(ids: $ids) {
      __typename
      ... on Deployment {
        id
        version
        model {
          id
          name
        }
      }
    }
  }
`)

export interface DeploymentName {
  model: string
  version: string
}

/** The models and versions of deployments, which never change: each is asked for once. */
export function useNames(ids: readonly string[]): ReadonlyMap<string, DeploymentName> {
  const client = useClient()
  const [names, setNames] = useState<ReadonlyMap<string, DeploymentName>>(new Map())
  const missing = ids.filter((id) => !names.has(id)).join(' ')
  useEffect(() => {
    if (missing === '') return
    const { unsubscribe } = client
      .query(RankedDeploymentsDocument, { ids: missing.split(' ') })
      .subscribe(({ data }) => {
        const found = (data?.nodes ?? []).flatMap((node) =>
          node?.__typename === 'Deployment'
            ? [[node.id, { model: node.model.name, version: node.version }] as const]
            : [],
        )
        if (found.length > 0) setNames((before) => new Map([...before, ...found]))
      })
    return unsubscribe
  }, [client, missing])
  return names
}

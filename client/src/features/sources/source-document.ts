import { graphql } from '../../graphql/documents.ts'

/** What a deployment's metrics come from, with its settings and how it is doing. */
export const SourceFragment = graphql(`
  fragment Source_deployment on Deployment {
    id
    source {
      kind
      intervalSeconds
      scrape {
        url
        labels {
          name
          value
        }
        authorization
        server
        families {
          figure
          family
          unit
        }
      }
      health {
        status
        since
        lastSuccessAt
        lastError
        durationMs
        series
        server
      }
    }
  }
`)

export const UpdateSourceDocument = graphql(`
  mutation UpdateSource($input: UpdateDeploymentSourceInput!) {
    updateDeploymentSource(input: $input) {
      __typename
      ... on UpdateDeploymentSourceSuccess {
        deployment {
          id
          ...DeploymentHeader_deployment
          ...DeploymentsTable_deployment
        }
      }
      ... on DeploymentNotFoundError {
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

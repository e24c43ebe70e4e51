import { graphql } from '../../graphql/documents.ts'

export const DeployDocument = graphql(`
  mutation Deploy($input: DeployTrainingJobInput!) {
    deployTrainingJob(input: $input) {
      __typename
      ... on DeployTrainingJobSuccess {
        deployment {
          id
          version
          model {
            id
            name
          }
          ...DeploymentsTable_deployment
          ...DeploymentHeader_deployment
          trainingJob {
            id
            ...DeployButton_trainingJob
          }
        }
      }
      ... on TrainingJobNotFoundError {
        message
      }
      ... on TrainingJobNotCompletedError {
        message
      }
      ... on DuplicateActiveDeploymentError {
        message
        activeDeployment {
          id
          version
          status
          trainingJob {
            id
            ...DeployButton_trainingJob
          }
        }
      }
      ... on DeploymentExternalIdTakenError {
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

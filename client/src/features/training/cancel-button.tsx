import { graphql } from '../../graphql/documents.ts'
import { useAction } from '../../graphql/use-action.ts'
import { Button } from '../../ui/button.tsx'

const CancelJobDocument = graphql(`
  mutation CancelJob($input: CancelTrainingJobInput!) {
    cancelTrainingJob(input: $input) {
      __typename
      ... on CancelTrainingJobSuccess {
        trainingJob {
          id
          ...TrainingJobsTable_trainingJob
        }
      }
      ... on TrainingJobNotFoundError {
        message
      }
      ... on TrainingJobFinishedError {
        message
      }
      ... on InvalidInputError {
        message
      }
    }
  }
`)

/** Cancels a training job that is not finished. */
export function CancelButton({ id }: { id: string }) {
  const { isBusy, problem, run } = useAction()
  return (
    <>
      {problem && <span className="text-bad">{problem}</span>}
      <Button busy={isBusy} onClick={() => void run(CancelJobDocument, { trainingJobId: id })}>
        Cancel job
      </Button>
    </>
  )
}

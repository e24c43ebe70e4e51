/** The tabs that the playground opens with. They run unchanged, except that some need an id from the first one. */
export const PLAYGROUND_TABS: { query: string; variables?: string }[] = [
  {
    query: `# Training jobs that can be deployed, and all deployments. Run it with Ctrl-Enter.
# Copy the id of a deployable job for the next tab, or of a deployment for the last tab.
query Overview {
  trainingJobs(first: 10, filter: { status: [COMPLETED] }) {
    edges {
      node {
        id
        name
        model { name }
        finalLoss
        finalAccuracy
        deployability { canDeploy message }
      }
    }
  }
  deployments(first: 10, orderBy: { field: CREATED_AT, direction: DESC }) {
    edges {
      node {
        id
        version
        status
        model { name }
        latestMetrics { requestsPerSecond errorRate latency { p50Ms p95Ms p99Ms } }
      }
    }
  }
}
`,
  },
  {
    query: `# Deploys a completed training job. Its samples start with the next second.
# Below, under Variables:
#   trainingJobId  the id of a job with canDeploy: true (first tab)
#   note           optional; recorded in the deployment's event
# Expected errors are returned as data: switch on __typename.
mutation Deploy($input: DeployTrainingJobInput!) {
  deployTrainingJob(input: $input) {
    __typename
    ... on DeployTrainingJobSuccess {
      deployment { id version status model { name } }
    }
    ... on DuplicateActiveDeploymentError {
      activeDeployment { id version }
    }
    ... on Error { message }
  }
}
`,
    variables: `{
  "input": {
    "trainingJobId": "paste the id of a job",
    "note": "From the playground"
  }
}
`,
  },
  {
    query: `# Live: one message a second for all active deployments, until you press Stop.
subscription Fleet {
  fleetMetrics {
    at
    totals { requestsPerSecond errorRate latency { p50Ms p95Ms p99Ms } }
    deployments {
      deployment { version model { name } }
      metrics { requestsPerSecond latency { p95Ms } }
    }
  }
}
`,
  },
  {
    query: `# One deployment, sample by sample. Below, under Variables: the id of a deployment (first tab).
# Pass the last cursor as "after" to continue where you stopped, without a gap.
subscription InferenceMetrics($deploymentId: ID!, $after: SampleCursor) {
  inferenceMetrics(deploymentId: $deploymentId, after: $after) {
    cursor
    skipped
    metrics { at requests requestsPerSecond errorRate latency { p50Ms p95Ms p99Ms } inFlight }
  }
}
`,
    variables: `{
  "deploymentId": "paste the id of a deployment"
}
`,
  },
]

/** What was deployed, of the jobs in demo-models.ts. Hours count back from now. */
export interface DemoDeployment {
  model: string
  job: string
  hoursAgo: number
  by: string
  note?: string
  /** The mean of the simulated traffic; the end of the deployment's id says it (see traffic-profile.ts of the API). */
  requestsPerSecond?: number
  changes?: DemoChange[]
}

interface DemoChange {
  kind: 'PAUSED' | 'RESUMED' | 'DELETED'
  hoursAgo: number
  by: string
  note?: string
}

/** Oldest first within a model: their order gives the version numbers. */
export const demoDeployments: DemoDeployment[] = [
  {
    model: 'support-ticket-router',
    job: 'router-xlmr-baseline',
    hoursAgo: 590,
    by: 'Amara Okafor',
    requestsPerSecond: 24,
    note: 'First one in production',
    changes: [{ kind: 'PAUSED', hoursAgo: 470, by: 'Amara Okafor', note: 'Replaced by v1.1.0' }],
  },
  {
    model: 'support-ticket-router',
    job: 'router-xlmr-lr2e-5',
    hoursAgo: 480,
    by: 'Amara Okafor',
    requestsPerSecond: 22,
  },
  {
    model: 'support-ticket-router',
    job: 'router-xlmr-hard-negatives',
    hoursAgo: 270,
    by: 'Jonas Weber',
    requestsPerSecond: 40,
    note: 'Half of the traffic, to compare',
    changes: [
      { kind: 'PAUSED', hoursAgo: 240, by: 'Jonas Weber', note: 'Spanish tickets go to the wrong queue' },
      { kind: 'RESUMED', hoursAgo: 216, by: 'Jonas Weber', note: 'Was the label map, not the model' },
    ],
  },
  {
    model: 'doc-summarizer-7b',
    job: 'summarizer-sft-r16',
    hoursAgo: 520,
    by: 'Mei Tanaka',
    requestsPerSecond: 9,
    changes: [
      { kind: 'PAUSED', hoursAgo: 380, by: 'Mei Tanaka' },
      { kind: 'DELETED', hoursAgo: 340, by: 'Luca Moretti' },
    ],
  },
  {
    model: 'doc-summarizer-7b',
    job: 'summarizer-sft-r64',
    hoursAgo: 382,
    by: 'Mei Tanaka',
    requestsPerSecond: 12,
    note: 'Gets names right',
  },
  {
    model: 'doc-summarizer-7b',
    job: 'summarizer-dpo-beta-0.1',
    hoursAgo: 150,
    by: 'Luca Moretti',
    requestsPerSecond: 6,
    note: 'Canary for the legal team',
  },
  { model: 'vision/defect-detector', job: 'defects-r50', hoursAgo: 600, by: 'Priya Nair', requestsPerSecond: 45 },
  {
    model: 'vision/defect-detector',
    job: 'defects-convnext-t',
    hoursAgo: 300,
    by: 'Tomasz Zielinski',
    requestsPerSecond: 30,
    changes: [{ kind: 'PAUSED', hoursAgo: 70, by: 'Priya Nair', note: 'Too many false alarms at night' }],
  },
  {
    model: 'vision/shelf-product-recognizer',
    job: 'shelves-b3-arcface',
    hoursAgo: 310,
    by: 'Sofia Lindqvist',
    requestsPerSecond: 26,
  },
  {
    model: 'speech/call-transcriber',
    job: 'calls-conformer-l-noise',
    hoursAgo: 340,
    by: 'Hannah Kim',
    requestsPerSecond: 4,
    note: 'Trial on one site',
    changes: [{ kind: 'PAUSED', hoursAgo: 322, by: 'Hannah Kim', note: 'Trial over' }],
  },
  // The same job again: its paused deployment cannot be resumed meanwhile.
  {
    model: 'speech/call-transcriber',
    job: 'calls-conformer-l-noise',
    hoursAgo: 316,
    by: 'Hannah Kim',
    requestsPerSecond: 9,
    note: 'All sites',
  },
  { model: 'speech/wake-word', job: 'wake-88k-more-negatives', hoursAgo: 264, by: 'Noor Aziz', requestsPerSecond: 60 },
  {
    model: 'multilingual-review-sentiment-and-aspect-topic-extractor-xl2',
    job: 'reviews-aspects-joint-fixed-labels',
    hoursAgo: 96,
    by: 'Mei Tanaka',
    requestsPerSecond: 38,
    note: 'Replaces the nightly batch',
  },
]

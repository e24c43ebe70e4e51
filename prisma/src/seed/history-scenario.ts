import type { DemoDeployment } from './demo-deployments.ts'
import type { DemoJob, DemoModel } from './demo-models.ts'
import { describeScenario, type Scenario } from './demo-scenario.ts'

/**
 * The scenario `history`: four models with several versions each, over the last thirty days; one version is busy (7,000
 * requests a second), one quiet (7), some are paused, one is deleted. What they have recorded is the API's to fill in.
 */
export function historyScenario(now: Date): Scenario {
  return describeScenario(now, models, deployments, (activeSince) => activeSince)
}

const completed = (name: string, by: string, startedHoursAgo: number, hours: number): DemoJob => ({
  name,
  status: 'COMPLETED',
  by,
  startedHoursAgo,
  hours,
})

const models: DemoModel[] = [
  {
    name: 'search/query-embedder',
    description: 'Embeds search queries.',
    framework: 'PyTorch 2.9',
    dataset: 'queries-2026q3 (41 M pairs)',
    curve: { startLoss: 4.1, endLoss: 0.62, endAccuracy: 0.91, steepness: 5, points: 120, stepSize: 100 },
    hyperparameters: { learningRate: 0.00005, batchSize: 2048, base: 'e5-base' },
    jobs: [completed('embedder-base', 'Mei Tanaka', 748, 9), completed('embedder-distilled', 'Mei Tanaka', 424, 7)],
  },
  {
    name: 'chat/assistant-8b',
    description: 'Answers questions of customers.',
    framework: 'PyTorch 2.9 + FSDP',
    dataset: 'dialogues-v7 (220 k)',
    curve: { startLoss: 2.7, endLoss: 1.1, endAccuracy: null, steepness: 4, points: 160, stepSize: 20 },
    hyperparameters: { learningRate: 0.00001, batchSize: 128, sequenceLength: 8192 },
    jobs: [
      completed('assistant-sft', 'Luca Moretti', 752, 20),
      completed('assistant-dpo-1', 'Luca Moretti', 512, 18),
      completed('assistant-dpo-2', 'Amara Okafor', 164, 19),
    ],
  },
  {
    name: 'speech/call-transcriber',
    description: 'Writes down calls.',
    framework: 'PyTorch 2.9',
    dataset: 'calls-2026 (9,400 h)',
    curve: { startLoss: 6.3, endLoss: 0.8, endAccuracy: 0.944, steepness: 5, points: 140, stepSize: 50 },
    hyperparameters: { learningRate: 0.0004, batchSize: 96 },
    jobs: [completed('calls-conformer', 'Hannah Kim', 745, 15)],
  },
  {
    name: 'vision/defect-detector',
    description: 'Finds defects on boards.',
    framework: 'PyTorch 2.9',
    dataset: 'boards-v12 (310 k images)',
    curve: { startLoss: 1.9, endLoss: 0.21, endAccuracy: 0.967, steepness: 6, points: 130, stepSize: 40 },
    hyperparameters: { learningRate: 0.0002, batchSize: 64 },
    jobs: [completed('defects-r50', 'Priya Nair', 742, 8), completed('defects-convnext', 'Tomasz Zielinski', 296, 11)],
  },
]

const deployments: DemoDeployment[] = [
  {
    model: 'search/query-embedder',
    job: 'embedder-base',
    hoursAgo: 719,
    by: 'Mei Tanaka',
    requestsPerSecond: 4_800,
    changes: [{ kind: 'PAUSED', hoursAgo: 400, by: 'Mei Tanaka', note: 'Replaced by v1.1.0' }],
  },
  {
    model: 'search/query-embedder',
    job: 'embedder-distilled',
    hoursAgo: 404,
    by: 'Mei Tanaka',
    note: 'Half the latency',
    requestsPerSecond: 7_000,
  },
  {
    model: 'chat/assistant-8b',
    job: 'assistant-sft',
    hoursAgo: 716,
    by: 'Luca Moretti',
    changes: [
      { kind: 'PAUSED', hoursAgo: 480, by: 'Luca Moretti' },
      { kind: 'DELETED', hoursAgo: 470, by: 'Luca Moretti', note: 'Answers too long' },
    ],
  },
  {
    model: 'chat/assistant-8b',
    job: 'assistant-dpo-1',
    hoursAgo: 486,
    by: 'Luca Moretti',
    changes: [{ kind: 'PAUSED', hoursAgo: 130, by: 'Amara Okafor', note: 'Replaced by v1.2.0' }],
  },
  { model: 'chat/assistant-8b', job: 'assistant-dpo-2', hoursAgo: 140, by: 'Amara Okafor' },
  {
    model: 'speech/call-transcriber',
    job: 'calls-conformer',
    hoursAgo: 712,
    by: 'Hannah Kim',
    requestsPerSecond: 7,
    changes: [
      { kind: 'PAUSED', hoursAgo: 330, by: 'Hannah Kim', note: 'The call centre moves' },
      { kind: 'RESUMED', hoursAgo: 305, by: 'Hannah Kim' },
    ],
  },
  { model: 'vision/defect-detector', job: 'defects-r50', hoursAgo: 708, by: 'Priya Nair' },
  {
    model: 'vision/defect-detector',
    job: 'defects-convnext',
    hoursAgo: 280,
    by: 'Tomasz Zielinski',
    note: 'Night shift',
  },
]

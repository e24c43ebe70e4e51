import type { TrainingJobStatus } from '../generated/client/client.ts'
import type { CurveShape } from './loss-curve.ts'

/** What was trained, as written down here; demo-scenario.ts gives it times and numbers. Hours count back from now. */
export interface DemoModel {
  name: string
  description: string
  framework: string
  dataset: string
  curve: Omit<CurveShape, 'diverges'>
  hyperparameters: Record<string, number | string | boolean>
  jobs: DemoJob[]
}

export interface DemoJob {
  name: string
  status: TrainingJobStatus
  by: string
  startedHoursAgo: number
  /** Length of the whole run; one that failed or was cancelled ended after `fraction` of it. */
  hours: number
  fraction?: number
  failureReason?: string
  /** Hyperparameters that differ from those of the model. */
  set?: Record<string, number | string | boolean>
}

type Ending = Pick<DemoJob, 'fraction' | 'failureReason' | 'set'>

function job(
  name: string,
  status: TrainingJobStatus,
  by: string,
  startedHoursAgo: number,
  hours: number,
  ending: Ending = {},
): DemoJob {
  return { name, status, by, startedHoursAgo, hours, ...ending }
}

const outOfMemory = 'CUDA out of memory: tried to allocate 2.50 GiB on GPU 3 (79.15 GiB in total, 1.12 GiB free)'

export const demoModels: DemoModel[] = [
  {
    name: 'support-ticket-router',
    description: 'Sends incoming support tickets to the right team, in eleven languages.',
    framework: 'PyTorch 2.9',
    dataset: 'tickets-2026q3 (1.9 M rows)',
    curve: { startLoss: 2.9, endLoss: 0.31, endAccuracy: 0.938, steepness: 5, points: 160, stepSize: 50 },
    hyperparameters: { learningRate: 0.00003, batchSize: 64, epochs: 4, warmupSteps: 500, base: 'xlm-roberta-base' },
    jobs: [
      job('router-xlmr-baseline', 'COMPLETED', 'Amara Okafor', 612, 5.2),
      job('router-xlmr-lr2e-5', 'COMPLETED', 'Amara Okafor', 498, 5.6, { set: { learningRate: 0.00002 } }),
      job('router-focal-loss', 'CANCELLED', 'Jonas Weber', 402, 6, { fraction: 0.42, set: { loss: 'focal' } }),
      job('router-xlmr-hard-negatives', 'COMPLETED', 'Amara Okafor', 286, 6.4),
      job('router-large', 'FAILED', 'Jonas Weber', 190, 11, {
        fraction: 0.35,
        failureReason: outOfMemory,
        set: { base: 'xlm-roberta-large' },
      }),
      job('router-large-bs32', 'COMPLETED', 'Jonas Weber', 62, 12.5, {
        set: { base: 'xlm-roberta-large', batchSize: 32 },
      }),
      job('router-distilled', 'RUNNING', 'Amara Okafor', 2.1, 4.5, { set: { teacher: 'router-large-bs32' } }),
    ],
  },
  {
    name: 'doc-summarizer-7b',
    description: 'Summarises contracts and meeting notes.',
    framework: 'PyTorch 2.9 + FSDP',
    dataset: 'legal-and-notes-v5 (340 k pairs)',
    curve: { startLoss: 3.4, endLoss: 1.42, endAccuracy: null, steepness: 4, points: 200, stepSize: 20 },
    hyperparameters: { learningRate: 0.00001, batchSize: 128, loraRank: 64, sequenceLength: 8192, bf16: true },
    jobs: [
      job('summarizer-sft-r16', 'COMPLETED', 'Mei Tanaka', 560, 21, { set: { loraRank: 16 } }),
      job('summarizer-sft-r64', 'COMPLETED', 'Mei Tanaka', 420, 26),
      job('summarizer-full-finetune', 'FAILED', 'Luca Moretti', 366, 40, {
        fraction: 0.61,
        failureReason: 'Lost contact with worker 5 of 8 for 10 minutes',
        set: { loraRank: 0 },
      }),
      job('summarizer-dpo-beta-0.1', 'COMPLETED', 'Luca Moretti', 214, 18, { set: { stage: 'dpo', beta: 0.1 } }),
      job('summarizer-dpo-beta-0.3', 'COMPLETED', 'Luca Moretti', 118, 18.5, { set: { stage: 'dpo', beta: 0.3 } }),
      job('summarizer-32k-context', 'RUNNING', 'Mei Tanaka', 9.4, 31, {
        set: { sequenceLength: 32768, batchSize: 32 },
      }),
      job('summarizer-r128-long', 'QUEUED', 'Mei Tanaka', 1.2, 30, { set: { loraRank: 128 } }),
    ],
  },
  {
    name: 'vision/defect-detector',
    description: 'Finds scratches, dents and missing screws on the line, 40 frames a second.',
    framework: 'PyTorch 2.8',
    dataset: 'line-cameras-2026-09 (86 k images)',
    curve: { startLoss: 5.8, endLoss: 0.74, endAccuracy: 0.967, steepness: 6, points: 120, stepSize: 100 },
    hyperparameters: { learningRate: 0.0005, batchSize: 48, backbone: 'resnet50', imageSize: 896, mosaic: true },
    jobs: [
      job('defects-r50', 'COMPLETED', 'Priya Nair', 640, 8.1),
      job('defects-r50-mosaic-off', 'COMPLETED', 'Priya Nair', 520, 7.8, { set: { mosaic: false } }),
      job('defects-convnext-t', 'COMPLETED', 'Tomasz Zielinski', 330, 10.4, { set: { backbone: 'convnext-tiny' } }),
      job('defects-convnext-t-lr1e-3', 'FAILED', 'Tomasz Zielinski', 262, 10, {
        fraction: 0.7,
        failureReason: 'Loss became NaN at step 8400; stopped by the guard',
        set: { backbone: 'convnext-tiny', learningRate: 0.001 },
      }),
      job('defects-convnext-t-night-shift', 'COMPLETED', 'Priya Nair', 98, 11.2, {
        set: { backbone: 'convnext-tiny', dataset: '+ night shift' },
      }),
      job('defects-vit-s', 'CANCELLED', 'Tomasz Zielinski', 51, 16, { fraction: 0.28, set: { backbone: 'vit-small' } }),
      job('defects-int8-qat', 'RUNNING', 'Priya Nair', 3.7, 5, { set: { quantisation: 'int8', epochs: 12 } }),
    ],
  },
  {
    name: 'vision/shelf-product-recognizer',
    description: 'Names the products on photos of shop shelves.',
    framework: 'JAX 0.8 + Flax',
    dataset: 'shelves-eu-v12 (2.4 M crops)',
    curve: { startLoss: 7.1, endLoss: 0.92, endAccuracy: 0.912, steepness: 5.5, points: 140, stepSize: 200 },
    hyperparameters: { learningRate: 0.001, batchSize: 512, backbone: 'efficientnet-b3', classes: 18450 },
    jobs: [
      job('shelves-b3', 'COMPLETED', 'Sofia Lindqvist', 580, 14),
      job('shelves-b3-arcface', 'COMPLETED', 'Sofia Lindqvist', 344, 15.5, { set: { head: 'arcface', margin: 0.4 } }),
      job('shelves-b5', 'FAILED', 'Sofia Lindqvist', 236, 22, {
        fraction: 0.18,
        failureReason: 'Shard 0412 of shelves-eu-v12 does not match its checksum',
        set: { backbone: 'efficientnet-b5' },
      }),
      job('shelves-b3-new-brands', 'COMPLETED', 'Ibrahim Haddad', 76, 15, { set: { classes: 19870 } }),
      job('shelves-b5-retry', 'QUEUED', 'Sofia Lindqvist', 0.6, 22, { set: { backbone: 'efficientnet-b5' } }),
    ],
  },
  {
    name: 'speech/call-transcriber',
    description: 'Writes down customer calls, with speakers told apart.',
    framework: 'NeMo 2.5',
    dataset: 'calls-de-en-fr (11,200 h)',
    curve: { startLoss: 4.6, endLoss: 0.39, endAccuracy: 0.949, steepness: 4.5, points: 180, stepSize: 250 },
    hyperparameters: { learningRate: 0.0002, batchSize: 24, architecture: 'fastconformer-l', specAugment: true },
    jobs: [
      job('calls-conformer-l', 'COMPLETED', 'Hannah Kim', 600, 33),
      job('calls-conformer-l-noise', 'COMPLETED', 'Hannah Kim', 390, 35, { set: { noiseAugment: 'street+office' } }),
      job('calls-conformer-xl', 'FAILED', 'Diego Ramos', 312, 52, {
        fraction: 0.22,
        failureReason: outOfMemory,
        set: { architecture: 'fastconformer-xl' },
      }),
      job('calls-french-boost', 'COMPLETED', 'Hannah Kim', 170, 36, { set: { samplingFr: 2.5 } }),
      job('calls-streaming-320ms', 'COMPLETED', 'Diego Ramos', 88, 38, { set: { chunkMs: 320 } }),
      job('calls-streaming-160ms', 'RUNNING', 'Diego Ramos', 14.8, 40, { set: { chunkMs: 160 } }),
    ],
  },
  {
    name: 'speech/wake-word',
    description: 'Hears "hey gauge" on the device.',
    framework: 'TensorFlow Lite 2.19',
    dataset: 'wake-words-v3 (410 k clips)',
    curve: { startLoss: 0.69, endLoss: 0.034, endAccuracy: 0.991, steepness: 7, points: 60, stepSize: 500 },
    hyperparameters: { learningRate: 0.002, batchSize: 256, parameters: 88000, negatives: 20 },
    jobs: [
      job('wake-88k', 'COMPLETED', 'Noor Aziz', 540, 1.4),
      job('wake-88k-more-negatives', 'COMPLETED', 'Noor Aziz', 274, 1.9, { set: { negatives: 60 } }),
      job('wake-44k', 'COMPLETED', 'Noor Aziz', 145, 1.1, { set: { parameters: 44000 } }),
      job('wake-44k-lr5e-3', 'CANCELLED', 'Noor Aziz', 140, 1.1, {
        fraction: 0.5,
        set: { parameters: 44000, learningRate: 0.005 },
      }),
      job('wake-children-voices', 'COMPLETED', 'Hannah Kim', 27, 2.2, { set: { negatives: 60, childrenShare: 0.15 } }),
      job('wake-22k', 'QUEUED', 'Noor Aziz', 0.3, 1, { set: { parameters: 22000 } }),
    ],
  },
  {
    name: 'multilingual-review-sentiment-and-aspect-topic-extractor-xl2',
    description: 'What reviewers liked and what not, aspect by aspect.',
    framework: 'Transformers 4.57',
    dataset: 'reviews-26-languages (5.2 M rows)',
    curve: { startLoss: 2.2, endLoss: 0.47, endAccuracy: 0.884, steepness: 4.8, points: 100, stepSize: 100 },
    hyperparameters: { learningRate: 0.00002, batchSize: 96, epochs: 3, labelSmoothing: 0.05 },
    jobs: [
      job('reviews-mdeberta', 'COMPLETED', 'Jonas Weber', 450, 9),
      job('reviews-mdeberta-smoothing-0.1', 'COMPLETED', 'Jonas Weber', 300, 9.2, { set: { labelSmoothing: 0.1 } }),
      job('reviews-aspects-joint', 'FAILED', 'Mei Tanaka', 205, 12, {
        fraction: 0.92,
        failureReason: 'Evaluation failed: 214 labels of the test set are not in the label map',
        set: { heads: 'joint' },
      }),
      job('reviews-aspects-joint-fixed-labels', 'COMPLETED', 'Mei Tanaka', 130, 12.3, { set: { heads: 'joint' } }),
      job('reviews-aspects-10-new-languages', 'COMPLETED', 'Amara Okafor', 44, 14, {
        set: { heads: 'joint', languages: 36 },
      }),
      job('reviews-curriculum', 'CANCELLED', 'Jonas Weber', 33, 10, {
        fraction: 0.15,
        set: { curriculum: 'short-first' },
      }),
      job('reviews-nightly', 'QUEUED', 'scheduler', 0.1, 9),
    ],
  },
]

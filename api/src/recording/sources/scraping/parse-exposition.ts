import {
  ExpositionError,
  type ExpositionFormat,
  ExpositionTooLargeError,
  ExpositionTruncatedError,
  type Family,
} from './exposition.ts'
import { atOnce, type Slices } from './slices.ts'
import { OpenMetricsReader } from './open-metrics.ts'
import { TextFormatReader } from './text-format.ts'

export interface ReadExposition {
  families: Family[]
  /** All samples that were written, also those that are not wanted. */
  samples: number
}

const SECOND_MS = 1000
const everything = () => true

/**
 * Reads what a `/metrics` endpoint answers.
 *
 * @param wanted which families are read, by their names without suffixes; default: all. Of the others, little more than
 *   the names is looked at.
 * @throws ExpositionError
 */
export function parseExposition(
  text: string,
  format: ExpositionFormat,
  wanted: (familyName: string) => boolean = everything,
): Family[] {
  return readExposition(text, format, wanted).families
}

/** The same, and how much there was. */
export function readExposition(
  text: string,
  format: ExpositionFormat,
  wanted: (familyName: string) => boolean = everything,
): ReadExposition {
  return atOnce(reading(text, format, wanted))
}

function* reading(
  text: string,
  format: ExpositionFormat,
  wanted: (familyName: string) => boolean,
): Slices<ReadExposition> {
  const reader = format === 'openmetrics' ? new OpenMetricsReader(text, wanted) : new TextFormatReader(text, wanted)
  const families = yield* reader.read()
  return { families, samples: reader.samples }
}

/**
 * The same for an answer of a server: OpenMetrics that is complete, and wrong in its form only, is read as leniently as the
 * text format. Python's client library, in the mode for several processes (SGLang), writes the sums of all series of a
 * histogram before the first bucket, and Prometheus reads it all the same. It is read in slices: a large answer, or one that
 * was made to be slow to read, holds nobody up.
 */
export function* readTolerantly(
  text: string,
  format: ExpositionFormat,
  wanted: (familyName: string) => boolean = everything,
): Slices<ReadExposition> {
  try {
    return yield* reading(text, format, wanted)
  } catch (error) {
    const isFormOnly =
      format === 'openmetrics' &&
      error instanceof ExpositionError &&
      !(error instanceof ExpositionTruncatedError || error instanceof ExpositionTooLargeError)
    if (!isFormOnly) throw error
    try {
      const reader = new TextFormatReader(text, wanted, SECOND_MS)
      const families = yield* reader.read()
      return { families, samples: reader.samples }
    } catch (second) {
      // What is strictly wrong says more.
      throw second instanceof ExpositionTooLargeError ? second : error
    }
  }
}

/** The format that a content type names; null when it is neither. Without one it is taken for the text format. */
export function formatOf(contentType: string | undefined): ExpositionFormat | null {
  const mediaType = (contentType ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? ''
  if (mediaType === 'application/openmetrics-text') return 'openmetrics'
  return mediaType === '' || mediaType === 'text/plain' ? 'text' : null
}

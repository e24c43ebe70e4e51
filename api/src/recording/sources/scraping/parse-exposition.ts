import type { ExpositionFormat, Family } from './exposition.ts'
import { OpenMetricsReader } from './open-metrics.ts'
import { TextFormatReader } from './text-format.ts'

export interface ReadExposition {
  families: Family[]
  /** All samples that were written, also those that are not wanted. */
  samples: number
}

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
  const reader = format === 'openmetrics' ? new OpenMetricsReader(text, wanted) : new TextFormatReader(text, wanted)
  const families = reader.read()
  return { families, samples: reader.samples }
}

/** The format that a content type names; null when it is neither. Without one it is taken for the text format. */
export function formatOf(contentType: string | undefined): ExpositionFormat | null {
  const mediaType = (contentType ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? ''
  if (mediaType === 'application/openmetrics-text') return 'openmetrics'
  return mediaType === '' || mediaType === 'text/plain' ? 'text' : null
}

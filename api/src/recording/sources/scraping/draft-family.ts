import type { ExpositionSample, FamilyType } from './exposition.ts'

/** A family while it is read. */
export interface DraftFamily {
  name: string
  /** Null until a TYPE line says it. */
  type: FamilyType | null
  unit: string | null
  help: string | null
  samples: ExpositionSample[]
  /** Not known before its type is. */
  isWanted: boolean | null
}

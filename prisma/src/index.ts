export { DatabaseStartError } from './database-start-error.ts'
export * from './generated/client/client.ts'
export { openDatabase } from './open-database.ts'
export type { Database, OpenDatabaseOptions } from './open-database.ts'
export { Reader } from './reads/reader.ts'
export type { FurtherColumn, ModelName, RowOf, SelectedColumns, Selection } from './reads/reader.ts'
export type { Fields } from './reads/row-plan.ts'
export { parseTime } from './reads/values.ts'
export type { InTransaction, Transaction } from './transactions.ts'
export {
  checkViolation,
  isForeignKeyViolation,
  isMissingPartition,
  isUnavailable,
  uniqueViolation,
} from './violations.ts'
export { applyScenario } from './seed/apply-scenario.ts'
export { demoScenario } from './seed/demo-scenario.ts'
export { historyScenario } from './seed/history-scenario.ts'
export type { Scenario } from './seed/demo-scenario.ts'

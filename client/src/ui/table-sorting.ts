/** A row as TanStack Table passes it to a comparison. */
interface Sorted {
  getValue<Value>(columnId: string): Value
}

/** For columns whose accessor returns numbers (`sortUndefined` handles missing ones). */
export function byNumber(a: Sorted, b: Sorted, column: string): number {
  return a.getValue<number>(column) - b.getValue<number>(column)
}

/** For columns whose accessor returns text, in the order of the reader's language. */
export function byText(a: Sorted, b: Sorted, column: string): number {
  return a.getValue<string>(column).localeCompare(b.getValue<string>(column))
}

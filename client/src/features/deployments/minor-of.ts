/** N of `v1.N.0`, because as text v1.10.0 would be sorted before v1.2.0. */
export function minorOf(version: string): number {
  return Number(/^v\d+\.(\d+)\./.exec(version)?.[1] ?? 0)
}

// The search parameters of the address. They are plain texts: the router's own parser reads JSON, so that a person who
// searches for `true`, `1e5` or `[1, 2]` would be given a boolean, a number or a list.

/** Longer than any name. The API refuses to search for longer texts. */
const LONGEST_TEXT = 200

/** Of a parameter that is given more than once, the last counts. */
export function parseSearch(search: string): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(search))
}

/** Leaves out what is undefined. */
export function writeSearch(search: Record<string, string | true | undefined>): string {
  const params = new URLSearchParams()
  for (const [name, value] of Object.entries(search)) if (value !== undefined) params.set(name, String(value))
  return params.size > 0 ? `?${params.toString()}` : ''
}

// What a route makes of a parameter that anybody may have written. Whatever is missing or malformed is `undefined`, and
// the route returns it as such: the router keeps the raw value of a parameter that a route does not return.

export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value.slice(0, LONGEST_TEXT) : undefined
}

export function oneOf<Value extends string>(values: readonly Value[], value: unknown): Value | undefined {
  return values.find((one) => one === value)
}

/** `true` is what pages set, and `'true'` what is read from the address. */
export function flagOf(value: unknown): true | undefined {
  return value === true || value === 'true' ? true : undefined
}

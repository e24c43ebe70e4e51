/** Statements that a connection keeps prepared: each takes PostgreSQL some ten kilobytes. */
export const MAX_PREPARED = 100

/** What pg's types leave out, or have from an earlier version. */
export interface Connection {
  /** The text of each statement that was parsed, by its name: pg never forgets one. */
  parsedStatements: Record<string, string>
  stream: { cork(): void; uncork(): void }
  parse(statement: { name: string; text: string }): void
  bind(values: { statement: string; values: readonly unknown[]; valueMapper?: (value: unknown) => unknown }): void
  describe(portal: { type: 'P'; name: string }): void
  execute(portal: { rows: number }): void
  close(statement: { type: 'S'; name: string }): void
  sync(): void
}

/** A statement that is ready to be bound, and what is known of it. */
export interface ParsedStatement {
  /** Of its rows, once they were described. */
  columns?: readonly { name: string; parse: (text: string) => unknown }[]
}

/** What a connection has prepared by its name, least recently used first. */
const preparedOn = new WeakMap<object, Map<string, ParsedStatement>>()

/** Makes a statement ready to be bound: one with a name is parsed and planned once a connection. */
export function parseStatement(
  connection: Connection,
  { name, text }: { name: string; text: string },
): ParsedStatement {
  if (name === '') {
    connection.parse({ name, text })
    return {}
  }
  const prepared = preparedOn.get(connection) ?? new Map<string, ParsedStatement>()
  preparedOn.set(connection, prepared)
  const known = prepared.get(name)
  if (known !== undefined) prepared.delete(name)
  else {
    const [oldest] = prepared.keys()
    if (oldest !== undefined && prepared.size >= MAX_PREPARED) {
      forgetStatement(connection, oldest)
      connection.close({ type: 'S', name: oldest })
    }
    // One that is there after all, as after an error, would be in the way.
    connection.close({ type: 'S', name })
    connection.parse({ name, text })
  }
  const parsed = known ?? {}
  prepared.set(name, parsed)
  return parsed
}

/** After an error nobody knows whether it is prepared. */
export function forgetStatement(connection: Pick<Connection, 'parsedStatements'>, name: string): void {
  preparedOn.get(connection)?.delete(name)
  Reflect.deleteProperty(connection.parsedStatements, name)
}

/** The path and the version (`v24.…`) of the newer Node, or why there is none on this machine. */
export function getNewerNode(): Promise<{ path?: string; version?: string; fault?: string }>

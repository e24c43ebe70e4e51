/** The path of the newer Node, or why there is none on this machine. */
export function getNewerNode(): Promise<{ path: string; fault?: undefined } | { fault: string; path?: undefined }>

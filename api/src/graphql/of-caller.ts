/**
 * The extension of a field whose answer depends on who asks beyond their scopes. Queries that select such a field are
 * executed for each caller; all others once for all who ask the same at the same time (engine/shared-reads.ts).
 */
export const OF_CALLER = { ofCaller: true }

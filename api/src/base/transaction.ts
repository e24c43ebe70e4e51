/**
 * Options of every interactive transaction that answers a request, in milliseconds: on an embedded database, which has
 * one connection, twenty such transactions at once wait for one another.
 */
export const TRANSACTION = { maxWait: 10_000, timeout: 10_000 } as const

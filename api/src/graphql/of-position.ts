/**
 * Extensions of the types in the messages of subscriptions. Messages that consist of the first kind alone are kept for
 * whoever joins later; all others are made anew for them (see fanout/position.ts).
 */

/** All values of the type come from the payload of the message: the same, whenever they are read. */
export const OF_POSITION = { ofPosition: true }
/** What the type says can change while the position in the log, or the version of the state, does not. */
export const READ_ANEW = { ofPosition: false }

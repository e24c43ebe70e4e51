/** What could not be found or got; the text is one line that says how to get a browser. */
export class NoChromiumError extends Error {}

/**
 * The path of a Chromium-like browser: CHROMIUM_PATH, the system's, playwright's, else one that playwright or, for root
 * on Debian, apt can install. Looks once per process.
 *
 * @throws NoChromiumError whose message explains how to get one.
 */
export function findChromium(): Promise<string>

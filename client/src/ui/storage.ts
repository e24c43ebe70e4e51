/** A text that the browser keeps for this site, under one key. */
export interface StoredText {
  get(): string | null
  /** `null` removes it. */
  set(text: string | null): void
}

/**
 * A text in `localStorage`. Where the person has blocked storage, so that merely touching it throws, it lasts as long as
 * the page.
 */
export function storedText(key: string): StoredText {
  let inMemory: string | null = null
  return {
    get() {
      try {
        return localStorage.getItem(key)
      } catch {
        return inMemory
      }
    },
    set(text) {
      inMemory = text
      try {
        if (text === null) localStorage.removeItem(key)
        else localStorage.setItem(key, text)
      } catch {
        // Blocked or full: the text in memory has to do.
      }
    },
  }
}

const PROBE = 'gaugeline_probe'

/** Whether the browser keeps cookies of this site. `navigator.cookieEnabled` does not know of all ways to block them. */
export function keepsCookies(): boolean {
  try {
    document.cookie = `${PROBE}=1; SameSite=Strict; Max-Age=60`
    const isKept = document.cookie.includes(PROBE)
    document.cookie = `${PROBE}=; SameSite=Strict; Max-Age=0`
    return isKept
  } catch {
    // Where even asking is forbidden, in a sandboxed frame for example.
    return false
  }
}

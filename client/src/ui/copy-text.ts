/**
 * Puts text on the clipboard. Returns false if the browser does not allow it. The modern API exists only on https and
 * on localhost, so there is a fallback to the old one.
 */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    return copySelected(text)
  }
}

function copySelected(text: string): boolean {
  const area = document.createElement('textarea')
  area.value = text
  area.className = 'sr-only'
  // A dialog does not let the focus leave it.
  ;(document.activeElement?.closest('[role="dialog"]') ?? document.body).append(area)
  area.select()
  // oxlint-disable-next-line typescript/no-deprecated -- there is no other way on plain HTTP
  const done = document.execCommand('copy')
  area.remove()
  return done
}

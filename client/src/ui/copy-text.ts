/**
 * Puts text on the clipboard; false when the browser does not allow it. The modern way exists only on https and on this
 * machine's own addresses, so there is the old one too.
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
  // Within a dialog, focus may not leave it.
  ;(document.activeElement?.closest('[role="dialog"]') ?? document.body).append(area)
  area.select()
  // oxlint-disable-next-line typescript/no-deprecated -- there is no other way on plain http
  const done = document.execCommand('copy')
  area.remove()
  return done
}

/** A text with `\\`, `\n` and `\"` for a backslash, a newline and a quote; other backslashes are themselves. */
export function unescaped(text: string): string {
  return text.includes('\\') ? text.replace(/\\([\\n"])/g, (_all, code: string) => (code === 'n' ? '\n' : code)) : text
}

/** The other way round. */
export function escaped(text: string): string {
  return /[\\"\n]/.test(text) ? text.replace(/[\\"\n]/g, (code) => (code === '\n' ? '\\n' : `\\${code}`)) : text
}

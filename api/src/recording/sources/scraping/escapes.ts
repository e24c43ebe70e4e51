const NEWLINE = 10
const QUOTE = 34
const BACKSLASH = 92
const LETTER_N = 110

/** A text with `\\`, `\n` and `\"` for a backslash, a newline and a quote; other backslashes are themselves. */
export function unescaped(text: string): string {
  if (!text.includes('\\')) return text
  // Not by replacing: of a megabyte of backslashes, half a million strings would be made.
  const codes = new Uint16Array(text.length)
  let length = 0
  for (let at = 0; at < text.length; at += 1) {
    let code = text.charCodeAt(at)
    const next = text.charCodeAt(at + 1)
    if (code === BACKSLASH && (next === BACKSLASH || next === QUOTE || next === LETTER_N)) {
      code = next === LETTER_N ? NEWLINE : next
      at += 1
    }
    codes[length] = code
    length += 1
  }
  return Buffer.from(codes.buffer, 0, length * 2).toString('utf16le')
}

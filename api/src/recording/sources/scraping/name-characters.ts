const NAME = 1
const LABEL = 2
const DIGIT = 4

const KINDS = new Uint8Array(128)
for (let code = 0; code < 128; code += 1) {
  const character = String.fromCharCode(code)
  if (/[a-zA-Z_]/.test(character)) KINDS[code] = NAME | LABEL
  else if (character === ':') KINDS[code] = NAME
  else if (/\d/.test(character)) KINDS[code] = DIGIT
}

// Beyond the table and beyond the end of a text (NaN) there is nothing, which has no bits.
const kindOf = (code: number): number => KINDS[code] ?? 0

export const isNameStart = (code: number): boolean => (kindOf(code) & NAME) !== 0
export const isNameCharacter = (code: number): boolean => (kindOf(code) & (NAME | DIGIT)) !== 0
export const isLabelStart = (code: number): boolean => (kindOf(code) & LABEL) !== 0
export const isLabelCharacter = (code: number): boolean => (kindOf(code) & (LABEL | DIGIT)) !== 0

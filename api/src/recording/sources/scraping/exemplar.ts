import type { FamilyType } from './exposition.ts'
import type { ExpositionScanner } from './scanner.ts'

const SPACE = 32
const HASH = 35
const COMMA = 44
const OPEN = 123
const CLOSE = 125

/** Names and values of its labels together, as OpenMetrics says. */
const MAX_CHARACTERS = 128
const LIKE = 'an exemplar is like # {trace_id="a"} 0.5'

/** Reads over what may follow a sample in OpenMetrics: ` # {labels} value timestamp`. It is checked, and not kept. */
export function readExemplar(scanner: ExpositionScanner, type: FamilyType, suffix: string): void {
  scanner.at += 1
  const { at } = scanner
  if (scanner.code() !== HASH || scanner.code(at + 1) !== SPACE || scanner.code(at + 2) !== OPEN) {
    scanner.fail(`${scanner.shown(at)} follows a sample`, `a line ends with it, or ${LIKE}`)
  }
  if (suffix !== '_bucket' && !(type === 'counter' && suffix === '_total')) {
    scanner.fail('a sample has an exemplar', 'only those of counters and buckets have one')
  }
  scanner.at += '# {'.length
  readLabels(scanner)
  scanner.separator('the value of an exemplar')
  scanner.number(true)
  if (scanner.code() !== SPACE) return
  scanner.at += 1
  scanner.number(false)
}

function readLabels(scanner: ExpositionScanner): void {
  const names = new Set<string>()
  let characters = 0
  while (scanner.code() !== CLOSE || names.size > 0) {
    const name = scanner.labelName()
    if (names.has(name)) scanner.fail(`the label ${name} of an exemplar appears twice`, 'name it once')
    names.add(name)
    characters += characterCount(name) + characterCount(scanner.labelValue())
    if (characters > MAX_CHARACTERS) {
      scanner.fail('the labels of an exemplar are too long', `they have at most ${MAX_CHARACTERS} characters together`)
    }
    if (scanner.code() === CLOSE) break
    if (scanner.code() !== COMMA) scanner.fail(`${scanner.shown(scanner.at)} follows a label of an exemplar`, LIKE)
    scanner.at += 1
  }
  scanner.at += 1
}

/** Of Unicode: a pair of surrogates is one. */
function characterCount(text: string): number {
  let count = 0
  for (const _character of text) count += 1
  return count
}

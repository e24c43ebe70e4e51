import type { InputChecks } from '../base/input-checks.ts'
import { checkName } from '../base/names.ts'

const MAX_LENGTH = 100
/** The names of viewers who act without an API token. */
const RESERVED = new Set(['owner', 'admin'])
/** Everything but the scripts that Unicode's security report (UTS 39) allows beside Latin in one word. */
const NOT_BESIDE_LATIN =
  /[^\p{Script=Latin}\p{Script=Common}\p{Script=Inherited}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Bopomofo}]/u

/**
 * What looks like a letter of the reserved names: from Unicode's `confusables.txt` (UTS 39) what remains of it for these
 * letters after NFKD, and Latin small capitals, which it leaves out.
 */
const LOOK_ALIKES = {
  a: '4@ɑαаᎪᗅᴀꓮꭺ𐊠𖽀',
  d: 'ÐðĐđƉƊƌɖɗԁᎠᏧᑯᑺᑻᒇᗞᗪᴅꓒꓓꭰꮷ',
  e: '3ɆɇεеҽҿᎬᴇ℮ⴹꓰꬲꭼ𐊆𑢦𑢮𑣆𑣎',
  i: '1l|!ıŁłƖƗƚǀɨɩɪɫɭιіӀӏ׀וןױا١ٳ۱ߊᎥᏞᒪᒶᒷᛁᵻᵼ∣│ⲒⲓⳐⳑⵏꓡꓲꙇꭵꮮ𐊊𐌉𐌠𐐛𐑃𐔦𑢣𑢲𑣃𑣒𖼖𖼨𞣇',
  m: 'ɱμϺϻмӍӎᎷᗰᛖᴍᵯ₥Ⲙⲙꓟꮇ𐊰𐌑𑜀𑣣',
  n: 'ƝƞɲɳɴηνոռᵰⲚⲛꓠ𐆎𐔓',
  o: '0ØøƟɵθοσоѳөօסه٥ھہە۵ۿ߀०০੦૦ଠ୦௦ం౦ಂ೦ംഠ൦ං๐໐တဝ၀ჿዐᎤᎾᏫᴏᴑⲞⲟⴱⵁⵔ〇ꓳꝊꝋꬽꬾꭴꮎꮻ𐊒𐊫𐐄𐐬𐓂𐓪𐔖𑓐𑢵𑣈𑣕𑣗𑣠🜔',
  r: 'ƦɍɼɽʀгґғᎡᏒᖇᴦᵲⲅꓣꭇꭈꭱꮁꮢ𐒴𐓜𖼵',
  w: 'ɯѡѽԝաᎳᏔᴡ₩ꓪꝡꮃꮤ𑓅𑜊𑜎𑜏𑣦𑣯',
}
const LETTER_OF = new Map(
  Object.entries(LOOK_ALIKES).flatMap(([letter, alike]) => Array.from(alike, (character) => [character, letter])),
)
/** Alphabets in coloured circles and squares, and those that flags are made of: where each `A` is. */
const PICTURED_ALPHABETS = [0x1f150, 0x1f170, 0x1f1e6]

/** Whatever is done with a token is recorded under its name, so the name must not look like someone else's. */
export function checkTokenName(checks: InputChecks, path: string[], name: string): void {
  checkName(checks, path, name, { min: 1, max: MAX_LENGTH })
  const words = name.normalize('NFKC').split(/[^\p{L}\p{M}\p{N}]+/u)
  if (words.some((word) => /\p{Script=Latin}/u.test(word) && NOT_BESIDE_LATIN.test(word))) {
    checks.add(path, 'must not mix Latin letters with letters of a similar-looking script in one word.')
  } else if (RESERVED.has(skeleton(name))) {
    checks.add(path, 'must not look like "owner" or "admin", which are reserved.')
  }
}

/**
 * Names with the same skeleton look alike, as far as the reserved names go: no case, no accents, no compatibility forms,
 * no signs between the letters.
 */
function skeleton(name: string): string {
  const plain = (character: string) => LETTER_OF.get(character) ?? pictured(character) ?? character
  const letters = Array.from(name.normalize('NFKD'), (character) => plain(plain(character).toLowerCase()))
  return letters
    .join('')
    .replace(/[^\p{L}\p{N}]/gu, '')
    .replaceAll('rn', 'm')
    .replaceAll('vv', 'w')
}

function pictured(character: string): string | undefined {
  const code = character.codePointAt(0) ?? 0
  const start = PICTURED_ALPHABETS.find((a) => code >= a && code < a + 26)
  return start === undefined ? undefined : String.fromCodePoint(0x61 + code - start)
}

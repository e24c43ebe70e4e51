import { describe, expect, it } from 'vitest'
import { InputChecks } from '../base/input-checks.ts'
import { checkTokenName } from './token-name.ts'

function complaint(name: string): string | undefined {
  const checks = new InputChecks()
  checkTokenName(checks, ['name'], name)
  try {
    checks.done()
    return undefined
  } catch (error) {
    return String(error)
  }
}

describe('the name of a token', () => {
  it.each([
    'bot',
    'Release bot #2',
    'ci/deploy@main',
    'Müllers Läufer',
    'Обучение',
    '本番CI',
    '学習 クラスタ',
    'Моя CI',
    '🚀',
    'administrators',
    'coowner',
    'ᴏᴡɴᴇʀs',
    'bot ❤️',
    'an 👩‍💻',
    'x'.repeat(100),
    '🚀'.repeat(100),
  ])('may be %s', (name) => {
    expect(complaint(name)).toBeUndefined()
  })

  it.each([
    ['nothing', ''],
    ['longer than 100 characters', 'x'.repeat(101)],
    ['of several lines', 'two\nlines'],
    ['with a NUL', 'a\0b'],
    ['with a mark that turns the direction of text', 'bot\u202Etxt'],
    ['with a zero-width space', 'bo\u200Bt'],
    ['with a soft hyphen', 'bo\u00ADt'],
    ['with a line separator', 'bot\u2028net'],
    ['with a paragraph separator', 'bot\u2029net'],
    ['with an invisible letter', 'bot\u3164'],
    ['with half of a surrogate pair', 'bot\uD83D'],
  ])('may not be %s', (_what, name) => {
    expect(complaint(name)).toBeDefined()
  })

  it.each([
    'owner',
    'Admin',
    'OWNER',
    'ａｄｍｉｎ',
    'ádmin',
    'ad min',
    'ad-min',
    '0wner',
    'adm1n',
    '@dmin',
    'ⓐdmin',
    'admın',
    '𝐨wner',
    'ᴏᴡɴᴇʀ',
    'ᴀᴅᴍɪɴ',
    'ꓳꓪꓠꓰꓣ',
    'ꓮꓓꓟꓲꓠ',
    '𝖔𝖜𝖓𝖊𝖗',
    '𝒶𝒹𝓂𝒾𝓃',
    'ᵒʷⁿᵉʳ',
    '🅾🆆🅽🅴🆁',
    '🇴 🇼 🇳 🇪 🇷',
    'adrnin',
    'ovvner',
    'ⲟᏔոεᏒ',
  ])('may not be %s, which looks like a reserved name', (name) => {
    expect(complaint(name)).toMatch(/owner.*admin/)
  })

  it.each(['\u0430dmin', 'оwner', 'bоt', 'αlpha'])('may not be %s, which mixes letters of two scripts', (name) => {
    expect(complaint(name)).toMatch(/mix/)
  })
})

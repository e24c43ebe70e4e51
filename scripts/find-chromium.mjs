// Where the browser for the browser tests is: `findChromium()` looks for one, then gets one.
import { existsSync, readdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run, toolCommand } from './run.mjs'

const HOW = 'Install Chromium or Chrome, or set CHROMIUM_PATH to the executable of one.'

/** What could not be found or got; the text is one line that says how to get a browser. */
export class NoChromiumError extends Error {
  constructor(reason) {
    super(`${reason} ${HOW}`)
    this.name = 'NoChromiumError'
  }
}

/** The usual places of Chromium, Chrome and Edge on this system, the best first. */
export function systemPlaces({ platform = process.platform, env = process.env } = {}) {
  if (platform === 'darwin') {
    return ['/Applications', join(env.HOME ?? homedir(), 'Applications')].flatMap((folder) =>
      ['Chromium', 'Google Chrome', 'Microsoft Edge', 'Brave Browser'].map(
        (app) => `${folder}/${app}.app/Contents/MacOS/${app}`,
      ),
    )
  }
  if (platform === 'win32') {
    const folders = [env.LOCALAPPDATA, env.PROGRAMFILES, env['PROGRAMFILES(X86)']].filter(Boolean)
    const programs = [
      'Chromium/Application/chrome.exe',
      'Google/Chrome/Application/chrome.exe',
      'Microsoft/Edge/Application/msedge.exe',
    ]
    return folders.flatMap((folder) => programs.map((program) => join(folder, program)))
  }
  const names = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome', 'microsoft-edge']
  const folders = new Set([
    ...(env.PATH ?? '').split(delimiter),
    '/usr/bin',
    '/usr/local/bin',
    '/snap/bin',
    '/opt/google/chrome',
  ])
  return names.flatMap((name) => [...folders].filter(Boolean).map((folder) => join(folder, name)))
}

/** The folder in which playwright keeps its browsers. */
export function playwrightCache({ platform = process.platform, env = process.env } = {}) {
  if (env.PLAYWRIGHT_BROWSERS_PATH && env.PLAYWRIGHT_BROWSERS_PATH !== '0') return env.PLAYWRIGHT_BROWSERS_PATH
  if (platform === 'darwin') return join(homedir(), 'Library/Caches/ms-playwright')
  if (platform === 'win32') return join(env.LOCALAPPDATA ?? join(homedir(), 'AppData/Local'), 'ms-playwright')
  return join(env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'ms-playwright')
}

const PLAYWRIGHT_PROGRAM =
  /^(chrome|chrome\.exe|Chromium|Google Chrome for Testing|headless_shell|chrome-headless-shell|chrome-headless-shell\.exe)$/

/** Executables in playwright's cache, the newest build first and a full browser before a headless shell. */
function playwrightPlaces() {
  const cache = playwrightCache()
  if (!existsSync(cache)) return []
  const builds = readdirSync(cache)
    .map((name) => ({ name, build: Number(/^chromium(?:_headless_shell)?-(\d+)$/.exec(name)?.[1]) }))
    .filter(({ build }) => build > 0)
    .toSorted((a, b) => b.build - a.build || a.name.length - b.name.length)
  return builds.flatMap(({ name }) =>
    readdirSync(join(cache, name), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && PLAYWRIGHT_PROGRAM.test(entry.name))
      .map((entry) => join(entry.parentPath ?? entry.path, entry.name)),
  )
}

/**
 * Ubuntu's chromium-browser without its snap is a script that only fails. Elsewhere `--version` could open a window.
 */
async function works(path) {
  if (!existsSync(path)) return false
  if (process.platform !== 'linux') return true
  return (await run({ command: path, args: [], shell: false }, ['--version'])).code === 0
}

async function lookFor() {
  const chosen = process.env.CHROMIUM_PATH
  if (chosen) {
    if (await works(chosen)) return chosen
    throw new NoChromiumError(`CHROMIUM_PATH is ${chosen}, which is no browser that runs.`)
  }
  for (const path of [...systemPlaces(), ...playwrightPlaces()]) if (await works(path)) return path
  return null
}

async function getOne() {
  const tried = []
  const attempt = async (what, tool, more, options) => {
    const { code, output } = await run(tool, more, options)
    const found = code === 0 ? await lookFor() : null
    if (!found) tried.push(`${what}: ${output.trim().split('\n').at(-1) || `exit code ${code}`}`)
    return found
  }
  const byPlaywright = await attempt('playwright install chromium', toolCommand('playwright-core/cli.js'), [
    'install',
    'chromium',
  ])
  if (byPlaywright) return byPlaywright
  if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    const apt = { command: '/usr/bin/apt-get', args: [], shell: false }
    const env = { DEBIAN_FRONTEND: 'noninteractive' }
    await run(apt, ['update', '-q'], { env })
    const byApt = await attempt(
      'apt-get install chromium',
      apt,
      ['install', '-y', '-q', '--no-install-recommends', 'chromium'],
      { env },
    )
    if (byApt) return byApt
  }
  throw new NoChromiumError(`No Chromium was found, and none could be got (${tried.join('; ')}).`)
}

let pending

/**
 * The path of a Chromium-like browser: CHROMIUM_PATH, the system's, playwright's, else one that playwright or, for root
 * on Debian, apt can install. Looks once per process.
 *
 * @throws NoChromiumError whose message explains how to get one.
 */
export function findChromium() {
  pending ??= lookFor().then((found) => found ?? getOne())
  return pending
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    console.log(await findChromium())
  } catch (error) {
    if (!(error instanceof NoChromiumError)) throw error
    console.error(error.message)
    process.exitCode = 1
  }
}

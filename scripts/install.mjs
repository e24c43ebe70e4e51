// Installs what package-lock.json names, if it is not what node_modules already holds.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { step, StepFailure } from './progress.mjs'
import { npmCommand, ROOT, run } from './run.mjs'

const allows = (list, value) =>
  !list || (list.some((item) => item[0] !== '!') ? list.includes(value) : !list.includes(`!${value}`))

/** Whether an entry of a lock is meant for this machine. npm knows libc too; here a missing one only matters to npm. */
function fitsHere(entry, { platform, arch }) {
  return allows(entry.os, platform) && allows(entry.cpu, arch)
}

/**
 * Why the installed tree is not what the lock wants, or null when it is. Compares the lock with the one npm leaves in
 * node_modules when an install has ended, so an interrupted install, another machine's tree and `--omit=dev` all show.
 */
export function installFault(lock, installed, machine = process) {
  if (!installed) return 'nothing is installed'
  for (const [path, wanted] of Object.entries(lock.packages)) {
    if (path === '' || !path.includes('node_modules/')) continue
    const there = installed.packages[path]
    if (!there && !wanted.optional && !wanted.devOptional && !wanted.peer) return `${path} is not installed`
    if (there && there.version !== wanted.version) return `${path} is ${there.version}, not ${wanted.version}`
  }
  for (const [path, there] of Object.entries(installed.packages)) {
    if (!fitsHere(there, machine)) return `${path} is for another machine`
  }
  return null
}

function readJson(path) {
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : null
}

/**
 * Runs `npm ci` in a folder if it is needed, with progress.
 *
 * @throws StepFailure with npm's last lines.
 */
export async function install(folder = ROOT) {
  const lock = readJson(join(folder, 'package-lock.json'))
  const reason = installFault(lock, readJson(join(folder, 'node_modules/.package-lock.json')))
  if (!reason) return
  const paths = Object.entries(lock.packages)
    .filter(([path, entry]) => path.includes('node_modules/') && !entry.link && fitsHere(entry, process))
    .map(([path]) => join(folder, path))
  const result = await step('installing packages (npm ci)', async (detail) => {
    const count = setInterval(
      () => detail(`${paths.filter((path) => existsSync(join(path, 'package.json'))).length} of about ${paths.length}`),
      1_000,
    )
    try {
      // No package here needs its install script, and npm 10 would run them where npm 11 does not. What builds it is
      // needed to start as well, whatever NODE_ENV and npm's own settings leave out.
      const flags = ['--include=dev', '--ignore-scripts', '--no-audit', '--no-fund', '--no-progress']
      return await run(npmCommand(), ['ci', ...flags], { cwd: folder })
    } finally {
      clearInterval(count)
    }
  })
  if (result.code === 0) return
  const last = result.output.split('\n').filter((line) => !line.startsWith('npm warn'))
  throw new StepFailure(`npm ci failed with code ${result.code}.`, last.slice(-30).join('\n'))
}

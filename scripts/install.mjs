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
 * node_modules when an install has ended, so an interrupted install, another machine's tree and `--omit=dev` all show;
 * with `omitsDev`, packages of development may be missing.
 */
export function installFault(lock, installed, { omitsDev = false, machine = process } = {}) {
  if (!installed) return 'nothing is installed'
  for (const [path, wanted] of Object.entries(lock.packages)) {
    if (path === '' || !path.includes('node_modules/')) continue
    const there = installed.packages[path]
    const mayLack = wanted.optional || wanted.devOptional || wanted.peer || (omitsDev && wanted.dev)
    if (!there && !mayLack) return `${path} is not installed`
    if (there && there.version !== wanted.version) return `${path} is ${there.version}, not ${wanted.version}`
  }
  for (const [path, there] of Object.entries(installed.packages)) {
    if (!fitsHere(there, machine)) return `${path} is for another machine`
  }
  return null
}

function holdsDev(lock, installed) {
  const entries = Object.entries(lock.packages)
  return entries.some(([path, { dev }]) => dev && path.includes('node_modules/') && installed?.packages[path])
}

function readJson(path) {
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : null
}

/** What a person can do about the codes that npm ends with. */
const REMEDIES = [
  {
    faults: ['ENOTFOUND', 'EAI_AGAIN', 'ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT', 'ENETUNREACH', 'ERR_SOCKET_TIMEOUT'],
    text: 'its registry cannot be reached. See that this machine is online, and `npm config get registry proxy`.',
  },
  { faults: ['EACCES', 'EPERM', 'EROFS'], text: 'this user may not write to this folder, or to the cache of npm.' },
  { faults: ['ENOSPC'], text: 'the disk is full.' },
]

function failureOf({ code, output }) {
  const [, fault] = /^npm error code (\w+)/m.exec(output) ?? []
  const remedy = REMEDIES.find(({ faults }) => faults.includes(fault))
  if (remedy) return new StepFailure(`npm ci failed (${fault}): ${remedy.text}`)
  const last = output.split('\n').filter((line) => !line.startsWith('npm warn'))
  return new StepFailure(`npm ci failed with code ${code}.`, last.slice(-30).join('\n'))
}

/**
 * Runs `npm ci` in a folder if it is needed, with progress. With `isForStart`, it leaves out what only development needs
 * (every second package), unless such packages are installed already: nobody's tools are removed.
 *
 * @returns whether the packages of development are installed
 * @throws StepFailure that says what to do, or with npm's last lines.
 */
export async function install(folder = ROOT, { isForStart = false } = {}) {
  const lock = readJson(join(folder, 'package-lock.json'))
  const installed = readJson(join(folder, 'node_modules/.package-lock.json'))
  const omitsDev = isForStart && !holdsDev(lock, installed)
  if (!installFault(lock, installed, { omitsDev })) return !omitsDev
  const paths = Object.entries(lock.packages)
    .filter(([path, entry]) => path.includes('node_modules/') && !entry.link && fitsHere(entry, process))
    .filter(([, entry]) => !omitsDev || !(entry.dev || entry.devOptional))
    .map(([path]) => join(folder, path))
  // Whatever NODE_ENV and npm's own settings leave out. No package here needs its install script, and npm 10 would run
  // them where npm 11 does not.
  const which = omitsDev ? '--omit=dev' : '--include=dev'
  const flags = [which, '--include=optional', '--ignore-scripts', '--no-audit', '--no-fund', '--no-progress']
  await step('installing packages (npm ci)', async (detail) => {
    const count = setInterval(
      () => detail(`${paths.filter((path) => existsSync(join(path, 'package.json'))).length} of about ${paths.length}`),
      1_000,
    )
    const ci = (...more) => run(npmCommand(), ['ci', ...flags, ...more], { cwd: folder })
    try {
      // The lock holds no addresses, so npm would ask the registry anew about each package, even of those it has. What it
      // knows may be older than a version that is wanted: then it does ask.
      let result = await ci('--prefer-offline')
      if (result.output.includes('ETARGET')) result = await ci()
      if (result.code !== 0) throw failureOf(result)
    } finally {
      clearInterval(count)
    }
  })
  return !omitsDev
}

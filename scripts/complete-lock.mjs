// Completes package-lock.json with the optional native packages of platforms that the registry in use did not list.
//
// A lock written against an incomplete registry mirror lacks, say, the macOS binary of turbo although turbo names it in
// its optionalDependencies; `npm ci` then refuses the lock with EUSAGE on every machine that can see that package. So
// run this after each `npm install`:
//
//   npm install … && node scripts/complete-lock.mjs          adds what lacks
//   node scripts/complete-lock.mjs --check                   only reports, and exits 1 if an entry is missing
//
// An added entry carries version, os, cpu, libc and `optional`; integrity is left out, for it is not known here.
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const OS = ['android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'aix', 'win32']
const CPU = ['arm64', 'arm', 'x64', 'ia32', 'ppc64', 'riscv64', 's390x', 'loong64', 'mips64el', 'wasm32']
const ALIASES = { windows: 'win32', 64: 'x64' }

/**
 * What platform a native package's name stands for (`@oxlint/binding-linux-x64-musl`, `@turbo/windows-64`), as npm's
 * own fields; null when the name holds no processor, which is what tells a native package from any other optional one.
 */
export function platformOf(name) {
  const words = name
    .slice(name.lastIndexOf('/') + 1)
    .split('-')
    .map((word) => ALIASES[word] ?? word)
  const cpu = words.findLast((word) => CPU.includes(word))
  if (cpu === undefined) return null
  const os = words.find((word) => OS.includes(word))
  const abi = words.at(-1)
  const libc =
    os !== 'linux' ? undefined : abi.startsWith('musl') ? 'musl' : abi.startsWith('gnu') ? 'glibc' : undefined
  // A WebAssembly build names wasi, which is no value of `os`: npm tells it by its cpu alone.
  return { cpu: [cpu], ...(libc && { libc: [libc] }), ...(os && { os: [os] }) }
}

/**
 * The entry `name` resolves to for the package at `from` ('' is the root): the nearest node_modules upwards, as Node
 * looks.
 */
function resolveEntry(packages, from, name) {
  for (let folder = from; ;) {
    const path = `${folder ? `${folder}/` : ''}node_modules/${name}`
    if (packages[path]) return path
    if (folder === '') return null
    const cut = folder.lastIndexOf('/node_modules/')
    folder = cut < 0 ? '' : folder.slice(0, cut)
  }
}

/**
 * Adds the lacking entries to a parsed lock, in place; returns their paths. Throws on an optional package it cannot
 * place.
 */
export function completeLock(lock) {
  const added = []
  for (const [from, entry] of Object.entries(lock.packages)) {
    for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
      if (resolveEntry(lock.packages, from, name)) continue
      const platform = platformOf(name)
      if (!platform)
        throw new Error(`${from} wants ${name}@${version}, which the lock lacks and whose name tells no platform`)
      if (!/^\d+\.\d+\.\d+/.test(version)) throw new Error(`${from} wants ${name}@${version}: not one exact version`)
      const path = `node_modules/${name}`
      lock.packages[path] = { version, ...platform, ...(entry.dev && { dev: true }), optional: true }
      added.push(path)
    }
  }
  const { '': root, ...rest } = lock.packages
  lock.packages = {
    '': root,
    ...Object.fromEntries(Object.entries(rest).toSorted(([a], [b]) => a.localeCompare(b, 'en'))),
  }
  return added
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const file = new URL('../package-lock.json', import.meta.url)
  const lock = JSON.parse(readFileSync(file, 'utf8'))
  const hosts = Object.entries(lock.packages).filter(([, entry]) => /^\w+:\/\//.test(entry.resolved ?? ''))
  const added = completeLock(lock)
  if (process.argv.includes('--check')) {
    for (const path of added) console.error(`package-lock.json lacks ${path}`)
    for (const [path] of hosts) console.error(`package-lock.json holds a registry address for ${path}`)
    process.exitCode = added.length + hosts.length > 0 ? 1 : 0
  } else {
    for (const [, entry] of hosts) delete entry.resolved
    writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`)
    console.log(`package-lock.json: ${added.length} entries added, ${hosts.length} registry addresses removed`)
  }
}

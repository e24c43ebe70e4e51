import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { installFault } from './install.mjs'

/** npm is run, up to twice. */
const NPM_MS = 60_000

const machine = { platform: 'linux', arch: 'x64' }
const lock = () => ({
  packages: {
    '': {},
    api: { version: '0.1.0' },
    'node_modules/a': { version: '1.0.0' },
    'node_modules/native-linux-x64': { version: '1.0.0', os: ['linux'], cpu: ['x64'], optional: true },
    'node_modules/native-darwin-arm64': { version: '1.0.0', os: ['darwin'], cpu: ['arm64'], optional: true },
  },
})
const installed = (packages) => ({ packages: { 'node_modules/a': { version: '1.0.0' }, ...packages } })

it('takes a tree that holds every wanted package in its version as installed', () => {
  expect(installFault(lock(), installed({}), { machine })).toBeNull()
})

it('finds no tree, a lacking package and another version', () => {
  expect(installFault(lock(), null, { machine })).toBe('nothing is installed')
  expect(installFault(lock(), { packages: {} }, { machine })).toBe('node_modules/a is not installed')
  expect(installFault(lock(), installed({ 'node_modules/a': { version: '0.9.0' } }), { machine })).toBe(
    'node_modules/a is 0.9.0, not 1.0.0',
  )
})

it('finds a tree that was installed on another kind of machine', () => {
  const foreign = { 'node_modules/native-darwin-arm64': { version: '1.0.0', os: ['darwin'], cpu: ['arm64'] } }
  expect(installFault(lock(), installed(foreign), { machine })).toBe(
    'node_modules/native-darwin-arm64 is for another machine',
  )
})

it('reads an exclamation mark in os as "all but"', () => {
  const notWindows = { 'node_modules/a': { version: '1.0.0', os: ['!win32'] } }
  expect(installFault(lock(), installed(notWindows), { machine })).toBeNull()
  expect(installFault(lock(), installed(notWindows), { machine: { platform: 'win32', arch: 'x64' } })).toBe(
    'node_modules/a is for another machine',
  )
})

it('takes a tree without the packages of development as installed only where they are not needed', () => {
  const { packages } = lock()
  const withTool = { packages: { ...packages, 'node_modules/tool': { version: '1.0.0', dev: true } } }
  expect(installFault(withTool, installed({}), { machine })).toBe('node_modules/tool is not installed')
  expect(installFault(withTool, installed({}), { machine, omitsDev: true })).toBeNull()
  const old = { 'node_modules/tool': { version: '0.9.0', dev: true } }
  expect(installFault(withTool, installed(old), { machine, omitsDev: true })).toBe(
    'node_modules/tool is 0.9.0, not 1.0.0',
  )
})

/** Calls `install` one time after another in a folder of one package of each kind; gives what is there after each. */
function installedAfter(...calls) {
  const folder = mkdtempSync(join(tmpdir(), 'gaugeline-install-'))
  try {
    const write = (path, content) => writeFileSync(join(folder, path), JSON.stringify(content))
    const dependencies = { part: 'file:part' }
    const devDependencies = { tool: 'file:tool' }
    const packages = { '': { dependencies, devDependencies } }
    for (const [name, flags] of Object.entries({ part: {}, tool: { dev: true } })) {
      mkdirSync(join(folder, name))
      write(`${name}/package.json`, { name, version: '1.0.0' })
      packages[`node_modules/${name}`] = { resolved: name, link: true, ...flags }
      packages[name] = { version: '1.0.0', ...flags }
    }
    write('package.json', { dependencies, devDependencies })
    write('package-lock.json', { lockfileVersion: 3, packages })
    // The environment of child processes is read when the module is loaded.
    const module = JSON.stringify(new URL('install.mjs', import.meta.url))
    const env = { ...process.env, NODE_ENV: 'production', NPM_CONFIG_OMIT: 'dev' }
    return calls.map((options) => {
      const script = `import { install } from ${module}
        process.exitCode = (await install(${JSON.stringify(folder)}, ${JSON.stringify(options)})) ? 10 : 20`
      const { status } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], { env })
      const names = ['part', 'tool'].filter((name) => existsSync(join(folder, 'node_modules', name, 'package.json')))
      return { forDevelopment: { 10: true, 20: false }[status], names }
    })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

it(
  'installs what development needs, too, where the environment asks for the packages of production only',
  () => {
    expect(installedAfter({})).toEqual([{ forDevelopment: true, names: ['part', 'tool'] }])
  },
  NPM_MS,
)

it(
  'leaves out for a start what only development needs, until something needs it',
  () => {
    expect(installedAfter({ isForStart: true }, { isForStart: true }, {}, { isForStart: true })).toEqual([
      { forDevelopment: false, names: ['part'] },
      { forDevelopment: false, names: ['part'] },
      { forDevelopment: true, names: ['part', 'tool'] },
      { forDevelopment: true, names: ['part', 'tool'] },
    ])
  },
  NPM_MS,
)

/** What `install` writes, its seconds left out, and its exit code, with a program in place of npm. */
function installWith(npmProgram) {
  const folder = mkdtempSync(join(tmpdir(), 'gaugeline-install-'))
  try {
    writeFileSync(join(folder, 'package-lock.json'), JSON.stringify({ packages: {} }))
    writeFileSync(join(folder, 'npm-cli.js'), npmProgram)
    const script = `import { command } from ${JSON.stringify(new URL('progress.mjs', import.meta.url))}
      import { install } from ${JSON.stringify(new URL('install.mjs', import.meta.url))}
      await command(() => install(${JSON.stringify(folder)}))`
    const env = { ...process.env, npm_execpath: join(folder, 'npm-cli.js') }
    const args = ['--input-type=module', '--eval', script]
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { env, encoding: 'utf8' })
    return {
      status,
      last: stdout
        .trimEnd()
        .split('\n')
        .at(-1)
        .replace(/[\d.]+ s$/, ''),
      stderr,
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

it('asks the registry anew where what npm remembers of a package is older than the wanted version', () => {
  const npm = `if (process.argv.includes('--prefer-offline')) {
    console.error('npm error code ETARGET')
    process.exitCode = 1
  }`
  expect(installWith(npm)).toEqual({ status: 0, last: '✓ installing packages (npm ci), ', stderr: '' })
})

it('says in one sentence what to do where npm reaches no registry, and else shows what npm wrote', () => {
  const failing = (lines) => `console.error(${JSON.stringify(lines)}); process.exitCode = 1`
  expect(installWith(failing('npm error code ENOTFOUND\nnpm error at a stack'))).toEqual({
    status: 1,
    last: '✗ installing packages (npm ci), ',
    stderr:
      'npm ci failed (ENOTFOUND): its registry cannot be reached. See that this machine is online, and `npm config ' +
      'get registry proxy`.\n',
  })
  expect(installWith(failing('npm error code EUSAGE\nnpm error the lock does not fit'))).toEqual({
    status: 1,
    last: '✗ installing packages (npm ci), ',
    stderr: 'npm error code EUSAGE\nnpm error the lock does not fit\nnpm ci failed with code 1.\n',
  })
})

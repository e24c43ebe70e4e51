import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { installFault } from './install.mjs'

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
  expect(installFault(lock(), installed({}), machine)).toBeNull()
})

it('finds no tree, a lacking package and another version', () => {
  expect(installFault(lock(), null, machine)).toBe('nothing is installed')
  expect(installFault(lock(), { packages: {} }, machine)).toBe('node_modules/a is not installed')
  expect(installFault(lock(), installed({ 'node_modules/a': { version: '0.9.0' } }), machine)).toBe(
    'node_modules/a is 0.9.0, not 1.0.0',
  )
})

it('finds a tree that was installed on another kind of machine', () => {
  const foreign = { 'node_modules/native-darwin-arm64': { version: '1.0.0', os: ['darwin'], cpu: ['arm64'] } }
  expect(installFault(lock(), installed(foreign), machine)).toBe(
    'node_modules/native-darwin-arm64 is for another machine',
  )
})

it('reads an exclamation mark in os as "all but"', () => {
  const notWindows = { 'node_modules/a': { version: '1.0.0', os: ['!win32'] } }
  expect(installFault(lock(), installed(notWindows), machine)).toBeNull()
  expect(installFault(lock(), installed(notWindows), { platform: 'win32', arch: 'x64' })).toBe(
    'node_modules/a is for another machine',
  )
})

it('installs what builds it, too, where the environment asks for the packages of production only', () => {
  const folder = mkdtempSync(join(tmpdir(), 'gaugeline-install-'))
  try {
    const write = (path, content) => writeFileSync(join(folder, path), JSON.stringify(content))
    const link = {
      'node_modules/tool': { resolved: 'tool', link: true, dev: true },
      tool: { version: '1.0.0', dev: true },
    }
    const packages = { '': { devDependencies: { tool: 'file:tool' } }, ...link }
    mkdirSync(join(folder, 'tool'))
    write('tool/package.json', { name: 'tool', version: '1.0.0' })
    write('package.json', { devDependencies: { tool: 'file:tool' } })
    write('package-lock.json', { lockfileVersion: 3, packages })
    // The environment of child processes is read when the module is loaded.
    const script = `import { install } from ${JSON.stringify(new URL('install.mjs', import.meta.url))}
      await install(${JSON.stringify(folder)})`
    const env = { ...process.env, NODE_ENV: 'production', NPM_CONFIG_OMIT: 'dev' }
    execFileSync(process.execPath, ['--input-type=module', '--eval', script], { env })
    expect(existsSync(join(folder, 'node_modules/tool/package.json'))).toBe(true)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

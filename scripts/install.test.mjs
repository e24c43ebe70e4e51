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

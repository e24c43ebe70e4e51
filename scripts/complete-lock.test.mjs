import { expect, it } from 'vitest'
import { completeLock, platformOf } from './complete-lock.mjs'

it('tells the platform of a native package from its name', () => {
  expect(platformOf('@turbo/windows-64')).toEqual({ os: ['win32'], cpu: ['x64'] })
  expect(platformOf('@oxlint/binding-linux-x64-musl')).toEqual({ os: ['linux'], cpu: ['x64'], libc: ['musl'] })
  expect(platformOf('@oxlint/binding-linux-arm-gnueabihf')).toEqual({ os: ['linux'], cpu: ['arm'], libc: ['glibc'] })
  expect(platformOf('@tailwindcss/oxide-wasm32-wasi')).toEqual({ cpu: ['wasm32'] })
  expect(platformOf('bufferutil')).toBeNull()
})

it('adds what an entry names as optional and the lock lacks, and leaves the rest as it was', () => {
  const tool = {
    version: '2.0.0',
    dev: true,
    optionalDependencies: { '@tool/darwin-arm64': '2.0.0', '@tool/linux-x64': '2.0.0' },
  }
  const native = { version: '2.0.0', integrity: 'sha512-x', cpu: ['x64'], dev: true, optional: true, os: ['linux'] }
  const lock = { packages: { '': {}, 'node_modules/@tool/linux-x64': native, 'node_modules/tool': tool } }
  expect(completeLock(lock)).toEqual(['node_modules/@tool/darwin-arm64'])
  expect(Object.keys(lock.packages)).toEqual([
    '',
    'node_modules/@tool/darwin-arm64',
    'node_modules/@tool/linux-x64',
    'node_modules/tool',
  ])
  expect(lock.packages['node_modules/@tool/darwin-arm64']).toEqual({
    version: '2.0.0',
    cpu: ['arm64'],
    os: ['darwin'],
    dev: true,
    optional: true,
  })
  expect(lock.packages['node_modules/@tool/linux-x64']).toBe(native)
  expect(completeLock(lock)).toEqual([])
})

it('refuses to guess the platform of a package whose name tells none', () => {
  const lock = { packages: { '': {}, 'node_modules/a': { optionalDependencies: { plain: '1.0.0' } } } }
  expect(() => completeLock(lock)).toThrow('plain@1.0.0')
})

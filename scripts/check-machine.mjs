// The first thing every command does; plain enough to be read by the oldest Node that knows modules.
import { fileURLToPath } from 'node:url'

function fail(line) {
  console.error(line)
  process.exit(1)
}

const version = process.versions.node.split('.').map(Number)
if (version[0] < 20 || (version[0] === 20 && version[1] < 19)) {
  fail('Gaugeline needs Node 20.19 or newer; this is Node ' + process.versions.node + '. See https://nodejs.org/.')
}

// Vite takes # and ? in a path for those of an address, and Node's map of exports has a meaning of its own for *.
const root = fileURLToPath(new URL('..', import.meta.url))
if (/[#?*]/.test(root))
  fail('Gaugeline cannot be built in ' + root + ': move it to a folder without #, ? and * in its path.')

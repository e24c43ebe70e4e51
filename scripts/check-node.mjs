// The first thing every command does; plain enough to be read by the oldest Node that knows modules.
const version = process.versions.node.split('.').map(Number)
if (version[0] < 20 || (version[0] === 20 && version[1] < 19)) {
  console.error(
    'Gaugeline needs Node 20.19 or newer; this is Node ' + process.versions.node + '. See https://nodejs.org/.',
  )
  process.exit(1)
}

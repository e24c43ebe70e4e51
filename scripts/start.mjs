// npm start: from a fresh clone to a serving process. Installs and builds what is not up to date, then becomes the
// server.
import './check-machine.mjs'

const { command, outliveReader } = await import('./progress.mjs')
const { endOnSignal, QUIET_ENV, ROOT } = await import('./run.mjs')
const { install } = await import('./install.mjs')
const { turbo } = await import('./turbo.mjs')

// npm passes a SIGTERM on to its shell only, which ends and leaves us behind: then our parent is another one.
function endWithNpm() {
  const parent = process.ppid
  setInterval(() => {
    if (process.ppid !== parent) process.kill(process.pid, 'SIGTERM')
  }, 500).unref()
}

await command(async () => {
  const leaveToServer = endOnSignal()
  outliveReader()
  process.chdir(ROOT)
  Object.assign(process.env, QUIET_ENV)
  const isForDevelopment = await install(ROOT, { isForStart: true })
  // Only whoever has the packages of development may have changed what the client's typed documents are made from.
  // Without the snapshot: making it takes longer than it saves the one database that is made here.
  await turbo('building', ['generate', ...(isForDevelopment ? ['codegen'] : []), 'build'])
  leaveToServer()
  if (process.env.npm_lifecycle_event === 'start') endWithNpm()
  process.setSourceMapsEnabled(true)
  // In this process, not a child: signals and the exit code are the server's own, and no wrapper can die alone.
  process.argv[1] = `${ROOT}api/dist/main.js`
  await import('../api/dist/main.js')
})

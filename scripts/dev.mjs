// npm run dev: the API and the client in watch mode. Open the sign-in link that the API prints; Ctrl-C ends all.
import './check-machine.mjs'

const { spawn } = await import('node:child_process')
const { command } = await import('./progress.mjs')
const { endOnSignal, QUIET_ENV, ROOT, toolCommand } = await import('./run.mjs')
const { install } = await import('./install.mjs')
const { turbo } = await import('./turbo.mjs')

const CLIENT_PORT = 5173
/** How long a server may take to drain before it is killed. */
const GRACE_MS = 12_000

/** The browser talks to Vite, which passes the API's paths on: so links, Host and Origin are Vite's. */
const DEV_ENV = {
  ...QUIET_ENV,
  PORT: process.env.PORT ?? '4000',
  PUBLIC_URL: process.env.PUBLIC_URL ?? `http://127.0.0.1:${CLIENT_PORT}`,
  LOG_LEVEL: process.env.LOG_LEVEL ?? 'debug',
  // Each chooses its own: Vite would leave out what makes an edit show at once.
  NODE_ENV: undefined,
}

const servers = () => [
  // The sources condition makes an edit in prisma/src restart the API too.
  start('api', 'tsx/dist/cli.mjs', [
    'watch',
    '--clear-screen=false',
    '--conditions=@gaugeline/source',
    'api/src/main.ts',
  ]),
  start('client', 'vite/bin/vite.js', ['client', '--host', '127.0.0.1', '--port', `${CLIENT_PORT}`, '--strictPort']),
  // Prints the schema and regenerates the typed documents whenever an edit requires it.
  start('codegen', 'turbo/bin/turbo', ['watch', 'codegen', '--ui=stream', '--output-logs=errors-only']),
]

/** Own process groups: Ctrl-C reaches each child once, through us, and a watcher's own children end with it. */
function start(name, tool, more) {
  const { command: program, args } = toolCommand(tool)
  const child = spawn(program, [...args, ...more], {
    cwd: ROOT,
    env: DEV_ENV,
    stdio: ['ignore', 'inherit', 'inherit'],
    detached: true,
  })
  return { name, child, ended: new Promise((resolve) => child.once('close', (code) => resolve(code ?? 1))) }
}

function signal({ child }, name) {
  if (child.exitCode !== null || child.signalCode !== null) return
  if (process.platform === 'win32') child.kill(name)
  else process.kill(-child.pid, name)
}

await command(async () => {
  const leaveToServers = endOnSignal()
  await install()
  await turbo('generating code', ['generate', 'codegen'])
  leaveToServers()
  const all = servers()
  let ending = false
  const end = () => {
    if (ending) return
    ending = true
    for (const each of all) signal(each, 'SIGTERM')
    setTimeout(() => all.forEach((each) => signal(each, 'SIGKILL')), GRACE_MS).unref()
  }
  process.on('SIGINT', end).on('SIGTERM', end)
  await Promise.race(
    all.map(async ({ name, ended }) => {
      const code = await ended
      if (!ending) {
        console.error(`${name} ended with code ${code}.`)
        process.exitCode = 1
      }
    }),
  )
  end()
  await Promise.all(all.map(({ ended }) => ended))
})

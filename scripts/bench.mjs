// npm run bench: builds what is not up to date, then compares it with its references (api/bench/main.ts).
import './check-machine.mjs'

const { command, StepFailure } = await import('./progress.mjs')
const { endOnSignal, ROOT, run } = await import('./run.mjs')
const { install } = await import('./install.mjs')
const { turbo } = await import('./turbo.mjs')

const NODE = { command: process.execPath, args: ['--import', 'tsx', '--conditions=@gaugeline/source'], shell: false }

await command(async () => {
  endOnSignal()
  process.chdir(ROOT)
  await install()
  await turbo('building', ['generate', 'codegen', 'build', 'snapshot'])
  const { code } = await run(NODE, ['bench/main.ts', ...process.argv.slice(2)], { cwd: `${ROOT}api`, inherit: true })
  if (code !== 0) throw new StepFailure('The benchmark found faults.')
})

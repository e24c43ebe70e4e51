import { constants } from 'node:os'
import { expect, it } from 'vitest'
import { run } from './run.mjs'

it('a patient command lets others have the processor first, and so does whatever it starts', async () => {
  const node = { command: process.execPath, args: ['--eval'], shell: false }
  const priority = "console.log(require('node:os').getPriority())"
  const child = `process.stdout.write(require('node:child_process').execFileSync(process.execPath, ['--eval', ${JSON.stringify(priority)}]))`
  const { output } = await run(node, [child], { isPatient: true })
  expect(Number(output)).toBeGreaterThanOrEqual(constants.priority.PRIORITY_BELOW_NORMAL)
})

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, it } from 'vitest'

it('steps go on when the reader of their progress has left', async () => {
  const script = `import { outliveReader, step } from ${JSON.stringify(new URL('progress.mjs', import.meta.url))}
    outliveReader()
    await step('first', () => new Promise((resolve) => process.stdin.once('data', resolve)))
    for (const title of ['second', 'third', 'fourth']) await step(title, () => new Promise(setImmediate))
    process.exit(7)`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  await once(child.stdout, 'data')
  child.stdout.destroy()
  await once(child.stdout, 'close')
  child.stdin.write('go on')
  expect(await once(child, 'exit')).toEqual([7, null])
})

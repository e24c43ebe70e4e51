// Runs turbo tasks under one progress line; shows the output of what failed, and nothing else.
import { step, StepFailure } from './progress.mjs'
import { run, toolCommand } from './run.mjs'

/**
 * Runs exactly these tasks of all workspaces, in the order turbo.json gives them; unchanged ones come from turbo's
 * cache in .turbo/.
 *
 * @throws StepFailure with the failing tasks' output.
 */
export async function turbo(title, tasks) {
  const started = new Set()
  await step(title, async (detail) => {
    const { code, output } = await run(
      toolCommand('turbo/bin/turbo'),
      ['run', ...tasks, '--only', '--output-logs=new-only', '--log-order=stream', '--no-color'],
      {
        onLine(line) {
          const task = /^(\S+?): cache miss, executing/.exec(line)?.[1]
          if (!task) return
          started.add(task)
          detail(task.replace('@gaugeline/', '').replace('//', 'root'))
        },
      },
    )
    if (code !== 0) throw new StepFailure(`${title} failed.`, failingOutput(output))
  })
}

/** The lines of the tasks that turbo names as failed; everything when it names none. */
export function failingOutput(output) {
  const lines = output.split(/\r?\n/)
  const names = lines.find((line) => /^\s*Failed:/.test(line))
  const failed = names
    ?.replace(/^\s*Failed:\s*/, '')
    .split(/,\s*/)
    .map((name) => `${name.trim().replace('#', ':')}: `)
  if (!failed) return output
  return lines
    .filter(
      (line) => failed.some((prefix) => line.startsWith(prefix)) && !/: (npm (warn|error)|> |cache miss)/.test(line),
    )
    .join('\n')
}

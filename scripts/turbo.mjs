// Runs turbo tasks under one progress line; shows the output of what failed, and nothing else.
import { step, StepFailure } from './progress.mjs'
import { run, toolCommand } from './run.mjs'

/**
 * Runs exactly these tasks of all workspaces, in the order turbo.json gives them, with the options of `run`; unchanged
 * ones come from turbo's cache in .turbo/.
 */
export function runTurbo(tasks, options) {
  const flags = ['--only', '--output-logs=new-only', '--log-order=stream', '--no-color']
  return run(toolCommand('turbo/bin/turbo'), ['run', ...tasks, ...flags], options)
}

/**
 * The same under a progress line.
 *
 * @throws StepFailure with the failing tasks' output.
 */
export async function turbo(title, tasks) {
  await step(title, async (detail) => {
    const { code, output } = await runTurbo(tasks, {
      onLine(line) {
        const task = /^(\S+?): cache miss, executing/.exec(line)?.[1]
        if (task) detail(task.replace('@gaugeline/', '').replace('//', 'root'))
      },
    })
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

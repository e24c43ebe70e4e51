import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils'
import type { SqlMigrationAwareDriverAdapterFactory } from '@prisma/driver-adapter-utils'
import * as bindings from '@prisma/schema-engine-wasm/schema_engine_bg'
import type { SchemaEngine } from '@prisma/schema-engine-wasm/schema_engine_bg'

let instantiated: Promise<void> | null = null

/**
 * Prisma's migration engine in this process. Free it after use.
 *
 * @param datamodel the schema that `diff` leads to, where it is used
 */
export async function createEngine(
  adapter: SqlMigrationAwareDriverAdapterFactory,
  datamodel?: { path: string; content: string },
): Promise<SchemaEngine> {
  await (instantiated ??= instantiate())
  const datamodels: [string, string][] | undefined = datamodel && [[datamodel.path, datamodel.content]]
  return bindings.SchemaEngine.new({ datamodels }, () => undefined, bindMigrationAwareSqlAdapterFactory(adapter))
}

// Node has it; the standard library of TypeScript declares it only together with the whole of the browser.
interface WebAssemblyApi {
  compile(bytes: Uint8Array): Promise<object>
  instantiate(module: object, imports: Record<string, object>): Promise<{ exports: object }>
  Module: { imports(module: object): { module: string; name: string }[] }
}

// By hand, because the package's own entry imports a .wasm file, which Node does only behind a flag.
async function instantiate(): Promise<void> {
  const { WebAssembly } = globalThis as typeof globalThis & { WebAssembly: WebAssemblyApi }
  const folder = dirname(createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm/schema_engine_bg'))
  const module = await WebAssembly.compile(await readFile(join(folder, 'schema_engine_bg.wasm')))
  const { exports } = await WebAssembly.instantiate(module, { './schema_engine_bg.js': bindings })
  call(bindings, '__wbg_set_wasm', exports)
  call(exports, '__wbindgen_start')
}

function call(of: object, name: string, ...args: unknown[]): void {
  const called: unknown = Reflect.get(of, name)
  if (typeof called !== 'function') throw new Error(`@prisma/schema-engine-wasm has no ${name}: is it another version?`)
  Reflect.apply(called, undefined, args)
}

import { fileURLToPath } from 'node:url'

/** The folder of this package; the same seen from `src` and from `dist`. */
export const packageFolder = fileURLToPath(new URL('../', import.meta.url))
export const migrationsFolder = fileURLToPath(new URL('../migrations', import.meta.url))
export const schemaFile = fileURLToPath(new URL('../schema.prisma', import.meta.url))
/** Where the build leaves the snapshot for first starts. */
export const buildFolder = fileURLToPath(new URL('../dist', import.meta.url))

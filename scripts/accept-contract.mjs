// npm run contract:accept: a part of a release. What the schema is now is what the next changes are held to.
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = `${root}docs/contract/`
const { version } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'))

mkdirSync(folder, { recursive: true })
for (const name of readdirSync(folder)) rmSync(`${folder}${name}`)
copyFileSync(`${root}api/schema.graphql`, `${folder}${version}.graphql`)
console.log(`docs/contract/${version}.graphql is the contract now.`)

// Rules of this house, as an oxlint plugin: who may import whom, and who may read the environment.
import { dirname, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { layerOf, MAY_IMPORT, NO_PACKAGES, WORKSPACES } from './layers.mjs'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const relativeToRoot = (file) => relative(ROOT, file).split(sep).join('/')

/** Why `from` may not import `specifier`, as a sentence; null when it may. Paths are relative to the repository. */
export function importFault(from, specifier, typeOnly) {
  const layer = layerOf(from)
  if (layer === null) return null
  const own = Object.keys(WORKSPACES).find((name) => specifier === name || specifier.startsWith(`${name}/`))
  if (!own && !/^\.{1,2}(\/|$)/.test(specifier)) {
    const banned = NO_PACKAGES[layer]?.find(([pattern]) => pattern.test(specifier))
    return banned ? `${layer} may not import ${specifier}: ${banned[1]}` : null
  }
  const target = own ? WORKSPACES[own] : relativeToRoot(resolve(ROOT, dirname(from), specifier.replace(/[?#].*$/, '')))
  const targetLayer = layerOf(target)
  if (targetLayer === layer || (targetLayer === 'base' && from.startsWith('api/'))) return null
  if (targetLayer === null)
    return target.startsWith(`${from.split('/')[0]}/`) ? null : `${layer} may not import ${target}`
  const allowed = MAY_IMPORT[layer]
  if (allowed.includes(targetLayer)) return null
  if (!allowed.includes(`type:${targetLayer}`)) return `${layer} may not import ${targetLayer} (${target})`
  return typeOnly ? null : `${layer} may import only types of ${targetLayer} (${target})`
}

const importDirections = {
  meta: { type: 'problem', docs: { description: 'imports follow the drawing in ARCHITECTURE.md' }, schema: [] },
  create(context) {
    const from = relativeToRoot(context.physicalFilename ?? context.filename)
    const check = (node, source, typeOnly) => {
      if (typeof source?.value !== 'string') return
      const fault = importFault(from, source.value, typeOnly)
      if (fault) context.report({ node, message: `${fault}.` })
    }
    const allTypes = (node, kind) =>
      node[kind] === 'type' ||
      (node.specifiers?.length > 0 && node.specifiers.every((specifier) => specifier[kind] === 'type'))
    return {
      Program(node) {
        if (!from.startsWith('api/src/') || layerOf(from) !== null) return
        context.report({
          node,
          message: 'This file belongs to no layer: give its folder a place in scripts/lint/layers.mjs.',
        })
      },
      ImportDeclaration: (node) => check(node, node.source, allTypes(node, 'importKind')),
      ExportNamedDeclaration: (node) => check(node, node.source, allTypes(node, 'exportKind')),
      ExportAllDeclaration: (node) => check(node, node.source, node.exportKind === 'type'),
      ImportExpression: (node) => check(node, node.source, false),
      TSImportType: (node) => check(node, node.source ?? node.argument?.literal ?? node.argument, true),
    }
  },
}

const noEnvironment = {
  meta: { type: 'problem', docs: { description: 'only env.ts reads the environment' }, schema: [] },
  create(context) {
    const report = (node) =>
      context.report({ node, message: 'Only api/src/env.ts reads process.env; take the value as an argument.' })
    const namesEnv = (node) => (node.computed ? node.property?.value === 'env' : node.property?.name === 'env')
    return {
      MemberExpression(node) {
        const { object } = node
        const process =
          (object.type === 'Identifier' && object.name === 'process') ||
          (object.type === 'MemberExpression' &&
            object.object?.name === 'globalThis' &&
            object.property?.name === 'process')
        if (process && namesEnv(node)) report(node)
      },
      VariableDeclarator(node) {
        const takesEnv =
          node.id.type === 'ObjectPattern' && node.id.properties.some((property) => property.key?.name === 'env')
        if (node.init?.type === 'Identifier' && node.init.name === 'process' && takesEnv) report(node)
      },
      ImportDeclaration(node) {
        if (!/^(node:)?process$/.test(node.source.value)) return
        if (node.specifiers.some((specifier) => specifier.imported?.name === 'env')) report(node)
      },
    }
  },
}

export default {
  meta: { name: 'gaugeline' },
  rules: { 'import-directions': importDirections, 'no-environment': noEnvironment },
}

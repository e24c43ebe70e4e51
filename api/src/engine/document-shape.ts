import type {
  DocumentNode,
  FieldNode,
  FragmentDefinitionNode,
  OperationDefinitionNode,
  SelectionSetNode,
} from 'graphql'
import { GraphQLError, Kind, visit } from 'graphql'
import { DOCUMENT_LIMITS } from '../base/limits.ts'
import { limitError } from './limit-error.ts'

/** What a selection set holds, with its fragments expanded. */
interface Shape {
  /** Levels of fields within fields; a field without a selection set is not counted. */
  depth: number
  /** Fields, spreads and inline fragments. */
  selections: number
  /** Fields with an alias, and a `__typename` that is written more than once in the same braces. */
  aliases: number
  directives: number
}

/**
 * Refuses a document that is too deep, too wide or too repetitive, or whose fragments form a cycle. It needs no schema
 * and runs before validation, some of whose rules are quadratic. Its own work is linear in the size of the document:
 * each fragment is measured once, and expanded only once its expansion is known to be small.
 * @throws RefusedError LIMIT_EXCEEDED; GraphQLError GRAPHQL_VALIDATION_FAILED for a cycle of fragments.
 */
export function checkShape(document: DocumentNode): void {
  const fragments = new Map<string, FragmentDefinitionNode>()
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition)
  }
  const measure = new Measure(fragments)
  const largest: Shape = { depth: 0, selections: 0, aliases: 0, directives: 0 }
  for (const definition of document.definitions) {
    // Fragments that no operation reaches count as well: they are validated too.
    if (definition.kind === Kind.FRAGMENT_DEFINITION) widen(largest, measure.fragment(definition))
    else if (definition.kind === Kind.OPERATION_DEFINITION) widen(largest, measure.operation(definition))
  }
  for (const limit of ['depth', 'selections', 'aliases', 'directives'] as const) {
    if (largest[limit] > DOCUMENT_LIMITS[limit]) throw limitError(limit, DOCUMENT_LIMITS[limit], largest[limit])
  }
  checkComparisons(document, fragments)
}

class Measure {
  readonly #fragments: ReadonlyMap<string, FragmentDefinitionNode>
  readonly #known = new Map<string, Shape | 'being measured'>()

  constructor(fragments: ReadonlyMap<string, FragmentDefinitionNode>) {
    this.#fragments = fragments
  }

  fragment(definition: FragmentDefinitionNode): Shape {
    const name = definition.name.value
    const known = this.#known.get(name)
    if (known === 'being measured') {
      throw new GraphQLError(`Cannot spread fragment "${name}" within itself.`, {
        nodes: definition,
        extensions: { code: 'GRAPHQL_VALIDATION_FAILED' },
      })
    }
    if (known !== undefined) return known
    this.#known.set(name, 'being measured')
    const shape = this.set(definition.selectionSet)
    shape.directives += definition.directives?.length ?? 0
    this.#known.set(name, shape)
    return shape
  }

  operation({ selectionSet, directives = [], variableDefinitions = [] }: OperationDefinitionNode): Shape {
    const shape = this.set(selectionSet)
    shape.directives += directives.length
    for (const variable of variableDefinitions) shape.directives += variable.directives?.length ?? 0
    return shape
  }

  set({ selections }: SelectionSetNode): Shape {
    const sum: Shape = { depth: 0, selections: 0, aliases: 0, directives: 0 }
    // Clients with a cache write one into each pair of braces, which is no repetition.
    let typenames = 0
    for (const selection of selections) {
      sum.selections += 1
      sum.directives += selection.directives?.length ?? 0
      if (selection.kind === Kind.FIELD) {
        if (selection.alias !== undefined) sum.aliases += 1
        else if (selection.name.value === '__typename') typenames += 1
        if (selection.selectionSet !== undefined) add(sum, this.set(selection.selectionSet), 1)
      } else if (selection.kind === Kind.INLINE_FRAGMENT) add(sum, this.set(selection.selectionSet), 0)
      else {
        // Validation reports a fragment that does not exist.
        const definition = this.#fragments.get(selection.name.value)
        if (definition !== undefined) add(sum, this.fragment(definition), 0)
      }
    }
    if (typenames > 1) sum.aliases += typenames
    return sum
  }
}

function add(sum: Shape, inner: Shape, levels: number): void {
  sum.depth = Math.max(sum.depth, inner.depth + levels)
  sum.selections += inner.selections
  sum.aliases += inner.aliases
  sum.directives += inner.directives
}

/** Takes the maximum of each; selections add up, since validation visits all definitions. */
function widen(largest: Shape, shape: Shape): void {
  largest.depth = Math.max(largest.depth, shape.depth)
  largest.selections += shape.selections
  largest.aliases = Math.max(largest.aliases, shape.aliases)
  largest.directives = Math.max(largest.directives, shape.directives)
}

/**
 * The validation rule that fields of the same response name can be merged compares every pair of them with their
 * arguments. Its cost is bounded here. This check comes last, when the document is known to expand to few fields.
 */
function checkComparisons(document: DocumentNode, fragments: ReadonlyMap<string, FragmentDefinitionNode>): void {
  const sizes = new Map<FieldNode, number>()
  let comparisons = 0
  const roots = document.definitions.filter((definition) => 'selectionSet' in definition)
  let level: SelectionSetNode[][] = roots.map(({ selectionSet }) => [selectionSet])
  while (level.length > 0) {
    const next: SelectionSetNode[][] = []
    for (const merged of level) {
      for (const fields of byResponseName(merged, fragments).values()) {
        if (fields.length > 1)
          comparisons += fields.length * fields.reduce((sum, field) => sum + sizeOf(field, sizes), 0)
        const inner = fields.flatMap(({ selectionSet }) => selectionSet ?? [])
        if (inner.length > 0) next.push(inner)
      }
    }
    level = next
  }
  if (comparisons > DOCUMENT_LIMITS.comparisons) {
    throw limitError('comparisons', DOCUMENT_LIMITS.comparisons, comparisons)
  }
}

/** The fields of selection sets that are merged into one object, by response name, with fragments expanded. */
function byResponseName(
  sets: readonly SelectionSetNode[],
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
): Map<string, FieldNode[]> {
  const fields = new Map<string, FieldNode[]>()
  function collect({ selections }: SelectionSetNode): void {
    for (const selection of selections) {
      if (selection.kind === Kind.FIELD) {
        const name = selection.alias?.value ?? selection.name.value
        const same = fields.get(name)
        if (same === undefined) fields.set(name, [selection])
        else same.push(selection)
      } else if (selection.kind === Kind.INLINE_FRAGMENT) collect(selection.selectionSet)
      else {
        const definition = fragments.get(selection.name.value)
        if (definition !== undefined) collect(definition.selectionSet)
      }
    }
  }
  for (const set of sets) collect(set)
  return fields
}

/** Counts the field itself and every name and value in its arguments. */
function sizeOf(field: FieldNode, known: Map<FieldNode, number>): number {
  let size = known.get(field) ?? 0
  if (size > 0) return size
  size = 1
  for (const argument of field.arguments ?? []) {
    visit(argument, {
      enter() {
        size += 1
      },
    })
  }
  known.set(field, size)
  return size
}

import { getDatamodel } from '../generated/pothos-types.ts'

/** A scalar or an enum of a model, and its column. */
export interface Column {
  /** Of the model. */
  field: string
  /** Of the table, quoted. */
  sql: string
  /** As the schema names it: a scalar type of Prisma, or an enum. */
  type: string
  isEnum: boolean
  isList: boolean
}

/** A relation to rows whose column `to` has the value of our column `from`. */
export interface Relation {
  field: string
  model: string
  from: Column
  to: Column
  isList: boolean
  isRequired: boolean
}

/** The table of a model. */
export interface Table {
  model: string
  /** Quoted. */
  sql: string
  /** By field, in the order of the schema. */
  columns: ReadonlyMap<string, Column>
  relations: ReadonlyMap<string, Relation>
  /** A column that is never null. */
  key: Column
}

type Model = ReturnType<typeof getDatamodel>['datamodel']['models'][string]

/** What a client knows of the names in the database, which nothing that Prisma exports has. */
export interface NamesInDatabase {
  models: Record<string, { dbName: string | null; fields: readonly { name: string; dbName?: string }[] }>
}

/** The tables of all models, by model. */
export function readTables(names: NamesInDatabase): ReadonlyMap<string, Table> {
  const models = new Map(Object.entries(getDatamodel().datamodel.models))
  const columns = new Map([...models].map(([model, { fields }]) => [model, columnsOf(fields, model, names)]))
  const columnOfModel = (model: string, field: string) =>
    columnOf({ model, columns: columns.get(model) ?? new Map() }, field)
  const relationsOf = (model: string, { fields }: Model) => {
    const relations = fields
      .filter(({ kind }) => kind === 'object')
      .map((field): [string, Relation] => [
        field.name,
        { ...join(model, field), ...field, field: field.name, model: field.type },
      ])
    return new Map(relations)
  }
  /** The columns of a relation. The side that has the foreign key names its own; the other one is unique and of its type. */
  const join = (model: string, field: Model['fields'][number]): Pick<Relation, 'from' | 'to'> => {
    const [key] = field.relationFromFields ?? []
    if (key === undefined) {
      const isOther = ({ relationName, type }: typeof field) => relationName === field.relationName && type === model
      const other = models.get(field.type)?.fields.find(isOther)
      if (!other?.relationFromFields?.length)
        throw new Error(`${model}.${field.name}: a relation without a foreign key`)
      const { from, to } = join(field.type, other)
      return { from: to, to: from }
    }
    const from = columnOfModel(model, key)
    const unique = models
      .get(field.type)
      ?.fields.filter(({ isId, isUnique, type }) => (isId || isUnique) && type === from.type)
    const target = unique?.find(({ isId }) => isId) ?? unique?.[0]
    if (!target) throw new Error(`${model}.${field.name}: a relation to nothing that is unique`)
    return { from, to: columnOfModel(field.type, target.name) }
  }
  return new Map(
    [...models].map(([model, described]): [string, Table] => {
      const own = columns.get(model) ?? new Map<string, Column>()
      const [first] = described.primaryKey?.fields ?? [described.fields.find(({ isId }) => isId)?.name]
      return [
        model,
        {
          model,
          sql: quoted(names.models[model]?.dbName ?? model),
          columns: own,
          relations: relationsOf(model, described),
          key: columnOfModel(model, first ?? ''),
        },
      ]
    }),
  )
}

function columnsOf(fields: Model['fields'], model: string, names: NamesInDatabase): Map<string, Column> {
  const inDatabase = new Map(names.models[model]?.fields.map(({ name, dbName }) => [name, dbName ?? name]))
  return new Map(
    fields
      .filter(({ kind }) => kind !== 'object')
      .map(({ name, type, kind, isList }): [string, Column] => [
        name,
        { field: name, sql: quoted(inDatabase.get(name) ?? name), type, isEnum: kind === 'enum', isList },
      ]),
  )
}

/** @throws Error if the model has no such column */
export function columnOf({ model, columns }: Pick<Table, 'model' | 'columns'>, field: string): Column {
  const column = columns.get(field)
  if (!column) throw new Error(`The model ${model} has no column ${field}`)
  return column
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

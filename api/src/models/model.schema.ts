import { builder } from '../graphql/builder.ts'
import { nodesQuery } from '../graphql/connections.ts'
import { versionOf } from './models.ts'

const ModelType = builder.prismaNode('Model', {
  id: { field: 'id' },
  nullable: true,
  description: 'A registered name under which versions are deployed.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Unique: letters, digits, ".", "_", "-" and "/".' }),
    description: t.exposeString('description', { nullable: true, description: 'What the model is for.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When its first training job was registered.' }),
    latestVersion: t.string({
      nullable: true,
      description: 'The newest version ever deployed, deleted ones included; null before the first.',
      resolve: ({ deploymentCount }) => (deploymentCount > 0 ? versionOf(deploymentCount - 1) : null),
    }),
  }),
})

const ModelConnection = builder.connectionObject(
  { type: ModelType, name: 'ModelConnection', description: 'A page of models.' },
  { name: 'ModelEdge', description: 'One of a page of models.' },
)

builder.queryFields((t) => ({
  model: t.field({
    scope: 'READ',
    type: ModelType,
    nullable: true,
    description: 'A model by its name; null when there is none. Like `model(name: "team/model") { latestVersion }`.',
    args: { name: t.arg.string({ required: true, description: "The model's name." }) },
    resolve: (_root, { name }, { services }) => services.models.byName(name),
  }),
  models: t.connection(
    {
      scope: 'READ',
      type: ModelType,
      description: 'Models by name. Like `models(search: "llama", first: 10) { edges { node { name } } }`.',
      args: { search: t.arg.string({ description: 'Part of the name, in any case.' }) },
      resolve: (_root, args, context, info) =>
        context.services.models.list(args.search, args, nodesQuery(context, info)),
    },
    ModelConnection,
  ),
}))

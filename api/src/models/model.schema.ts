import { builder } from '../graphql/builder.ts'
import { nodesQuery, objectQuery } from '../graphql/connections.ts'
import { versionOf } from './models.ts'

const ModelType = builder.prismaNode('Model', {
  id: { field: 'id' },
  nullable: true,
  description: 'A registered model. Each of its deployments is a version of it.',
  fields: (t) => ({
    name: t.exposeString('name', {
      description: 'The unique name of the model: 1 to 100 letters, digits, ".", "_", "-" and "/".',
    }),
    description: t.exposeString('description', { nullable: true, description: 'What the model is for.' }),
    createdAt: t.expose('createdAt', {
      type: 'DateTime',
      description: 'When the first training job of the model was registered.',
    }),
    latestVersion: t.string({
      columns: ['deploymentCount'],
      nullable: true,
      description:
        'The newest version that was ever deployed, including deleted deployments; null before the first deployment.',
      resolve: ({ deploymentCount }) => (deploymentCount > 0 ? versionOf(deploymentCount - 1) : null),
    }),
  }),
})

const ModelConnection = builder.connectionObject(
  { type: ModelType, name: 'ModelConnection', description: 'A page of models.' },
  { name: 'ModelEdge', description: 'A model and its position in the list.' },
)

builder.queryFields((t) => ({
  model: t.field({
    scope: 'READ',
    type: ModelType,
    nullable: true,
    description: `Finds a model by its name; null when it does not exist.

Example:
\`model(name: "team/model") { latestVersion }\``,
    args: { name: t.arg.string({ required: true, description: 'The name of the model.' }) },
    resolve: (_root, { name }, { services }, info) => services.models.byName(name, objectQuery({}, info)),
  }),
  models: t.connection(
    {
      scope: 'READ',
      type: ModelType,
      description: `Lists models in the order of their names.

Example:
\`models(search: "llama", first: 10) { edges { node { name } } }\``,
      args: {
        search: t.arg.string({ description: 'Finds models whose name contains this text, ignoring case.' }),
      },
      resolve: (_root, args, context, info) =>
        context.services.models.list(args.search, args, nodesQuery(context, info)),
    },
    ModelConnection,
  ),
}))

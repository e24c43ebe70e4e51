import { builder } from '../graphql/builder.ts'

const EndSuccess = builder.objectRef<{ endedCount: number }>('EndSessionsSuccess').implement({
  description: 'The sessions have ended, and their open connections are closed.',
  fields: (t) => ({ endedCount: t.exposeInt('endedCount', { description: 'How many sessions were ended.' }) }),
})

builder.mutationField('endSessions', (t) =>
  t.fieldWithInput({
    // Every authenticated caller may sign out.
    scope: null,
    type: EndSuccess,
    description: `Signs the caller out in all other browsers: it ends the sessions opened with the same API token, with \`ADMIN_TOKEN\`, or with sign-in links.

Example:
\`endSessions(input: { includeCurrent: true })\``,
    errors: {},
    typeOptions: { description: 'The sessions to end.' },
    input: {
      includeCurrent: t.input.boolean({
        defaultValue: false,
        description: 'Whether to end the current session as well.',
      }),
    },
    resolve: async (_root, { input }, { services, viewer: { name, tokenId, sessionId } }) => ({
      endedCount: await services.sessions.endAll(
        { name, apiTokenId: tokenId ?? null },
        input.includeCurrent === true ? undefined : sessionId,
      ),
    }),
  }),
)

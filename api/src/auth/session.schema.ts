import { InvalidInputError } from '../base/errors.ts'
import { builder } from '../graphql/builder.ts'

const EndInput = builder.inputType('EndSessionsInput', {
  description: 'Which sessions to end.',
  fields: (t) => ({
    includeCurrent: t.boolean({
      defaultValue: false,
      description: 'Whether the session that asks ends too.',
    }),
  }),
})

const EndSuccess = builder.objectRef<{ endedCount: number }>('EndSessionsSuccess').implement({
  description: 'The sessions are over, and what was open for them is closed.',
  fields: (t) => ({ endedCount: t.exposeInt('endedCount', { description: 'How many there were.' }) }),
})

builder.mutationField('endSessions', (t) =>
  t.field({
    // Everybody may leave.
    scope: null,
    type: EndSuccess,
    description:
      'Signs out all other browsers of the caller: sessions opened with the same API token, with ADMIN_TOKEN, or with sign-in links.',
    errors: {
      types: [InvalidInputError],
      union: { name: 'EndSessionsResult', description: 'Its success, and what a caller can mend.' },
    },
    args: { input: t.arg({ type: EndInput, required: true, description: 'Which ones.' }) },
    resolve: async (_root, { input }, { services, viewer: { name, tokenId, sessionId } }) => ({
      endedCount: await services.sessions.endAll(
        { name, apiTokenId: tokenId ?? null },
        input.includeCurrent === true ? undefined : sessionId,
      ),
    }),
  }),
)

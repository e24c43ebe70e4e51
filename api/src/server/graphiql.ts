import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Content } from './content.ts'
import { createContent, inlineHashes, sendContent } from './content.ts'
import { PLAYGROUND_TABS } from './playground-tabs.ts'

interface Page {
  content: Content
  policy: string
}

/** GraphiQL at GET /graphql, complete and offline. The page itself is public; the API that it calls needs a session. */
export class GraphiQL {
  readonly #basePath: string
  #page: Promise<Page> | undefined

  constructor(basePath = '') {
    this.#basePath = basePath
  }

  async send(req: IncomingMessage, res: ServerResponse): Promise<void> {
    // Rendered at the first visit: reading, hashing and compressing 9 MB would slow down every start.
    this.#page ??= renderPage(this.#basePath)
    const { content, policy } = await this.#page
    res.setHeader('Content-Security-Policy', policy)
    res.appendHeader('Vary', 'Accept')
    await sendContent(req, res, content, { cacheControl: 'no-cache' })
  }
}

// GraphiQL's tabs keep the offset of an animation that never ends, and apply it as soon as they are pressed: the
// pointer is then released beside the tab, which does not open.
const TABS_STYLE = '.graphiql-tab{transform:none!important}'
const BAR_STYLE = `
html, body { height: 100%; margin: 0; }
body { display: flex; flex-direction: column; }
#root { flex: 1; min-height: 0; }
#root .graphiql-container { height: 100%; width: 100%; }
#gaugeline-bar {
  display: flex; gap: 16px; padding: 6px 16px; align-items: baseline;
  font: 14px/20px system-ui, sans-serif; color: #e6e9ef; background: #1b2130;
}
#gaugeline-bar a { color: #9ec5ff; }
#gaugeline-session { margin-left: auto; }
#gaugeline-session[data-state="out"] { font-weight: 600; color: #ffd479; }
`

// The API's data needs a session, and GraphiQL shows a refusal only as a failed request.
const sessionScript = (basePath: string) => `
fetch('${basePath}/session', { headers: { accept: 'application/json' } }).then(async (response) => {
  const state = document.getElementById('gaugeline-session')
  if (response.ok) {
    state.dataset.state = 'in'
    state.textContent = 'Signed in as ' + (await response.json()).name
    return
  }
  state.dataset.state = 'out'
  const link = Object.assign(document.createElement('a'), { href: '${basePath}/sign-in', textContent: 'Sign in' })
  state.replaceChildren('You are not signed in, so requests will be refused. ', link)
})
`

const bar = (basePath: string) => `
<div id="gaugeline-bar">
  <a href="${basePath}/">← Back to Gaugeline</a>
  <a href="${basePath}/schema.graphql">Schema</a>
  <span id="gaugeline-session" role="status"></span>
</div>
`

async function renderPage(basePath: string): Promise<Page> {
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql')
  const html = renderGraphiQL({
    title: 'Gaugeline playground',
    // Inline, so that the page requests nothing; GraphiQL's own icon is a megabyte.
    favicon: 'data:,',
    logo: ' ',
    defaultTabs: PLAYGROUND_TABS.map(({ query, variables }) => ({ query, variables: variables ?? null })),
    subscriptionsProtocol: 'WS',
    credentials: 'same-origin',
    // Headers hold tokens: they must not outlive the tab.
    shouldPersistHeaders: false,
  })
    // Functions as replacements: the page is full of `$&` and similar patterns.
    .replace('</head>', () => `<style>${BAR_STYLE}${TABS_STYLE}</style></head>`)
    .replace(
      '<div id="root"></div>',
      () => `${bar(basePath)}<div id="root"></div><script>${sessionScript(basePath)}</script>`,
    )
    .trim()
  const policy = [
    "default-src 'none'",
    `script-src ${inlineHashes(html, 'script').join(' ')}`,
    // The editor adds style elements as one types.
    "style-src 'unsafe-inline'",
    'worker-src blob:',
    "connect-src 'self'",
    'font-src data:',
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
  return { content: await createContent('text/html; charset=utf-8', Buffer.from(html)), policy }
}

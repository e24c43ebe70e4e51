import './app.css'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { Provider as UrqlProvider } from 'urql'
import { endSession } from './features/session/session.ts'
import { takeLinkSecret } from './features/session/sign-in-link.ts'
import { createGraphqlClient, createSampleClient } from './graphql/client.ts'
import { Refresher } from './graphql/refresh.ts'
import { createTransport } from './graphql/transport.ts'
import { FleetFigures } from './live/fleet-figures.ts'
import { createAppRouter } from './router.tsx'
import { ServicesContext } from './services.ts'
import { surviveTranslation } from './translated-text.ts'

takeLinkSecret()
surviveTranslation(document.body)
const router = createAppRouter()

/** The server no longer knows who this is: goes to the sign-in page, which leads back here. */
function onUnauthenticated(): void {
  endSession()
  const { pathname, href } = router.state.location
  if (pathname !== '/sign-in') void router.navigate({ to: '/sign-in', search: { back: href }, replace: true })
}

const refresher = new Refresher()
const streams = createTransport({ onUnauthenticated, refresh: () => refresher.refresh() })
const services = {
  streams,
  refresher,
  samples: createSampleClient(onUnauthenticated),
  fleet: new FleetFigures(),
}
const client = createGraphqlClient(streams, refresher, onUnauthenticated)

const root = document.getElementById('root')
if (!root) throw new Error('index.html has no #root')
createRoot(root).render(
  <StrictMode>
    <ServicesContext value={services}>
      <UrqlProvider value={client}>
        <RouterProvider router={router} />
      </UrqlProvider>
    </ServicesContext>
  </StrictMode>,
)

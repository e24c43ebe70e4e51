import {
  createRootRoute,
  createRoute,
  createRouter,
  type ErrorComponentProps,
  Outlet,
  redirect,
} from '@tanstack/react-router'
import { basePath } from './base-path.ts'
import { readDeploymentSearch } from './features/deployments/deployment-search.ts'
import { readDeploymentsSearch } from './features/deployments/deployments-search.ts'
import { readFleetSearch } from './features/fleet/fleet-search.ts'
import { readModelSearch } from './features/models/model-search.ts'
import { readModelsSearch } from './features/models/models-search.ts'
import { loadSession } from './features/session/session.ts'
import { readSignInSearch } from './features/session/sign-in-search.ts'
import { readSettingsSearch } from './features/settings/settings-search.ts'
import { loadFirstCursor } from './features/shell/first-cursor.ts'
import { Frame } from './features/shell/frame.tsx'
import { CrashedPage, NotFoundPage } from './features/shell/problem-pages.tsx'
import { readTrainingJobSearch, readTrainingSearch } from './features/training/training-search.ts'
import { parseSearch, writeSearch } from './search-params.ts'
import { lazyComponent } from './ui/chunks.ts'
import { Toasts } from './ui/toasts.tsx'

/** Every page, and the notices over it. These are within the router because they contain links. */
function Root() {
  return (
    <>
      <Outlet />
      <Toasts />
    </>
  )
}

const root = createRootRoute({
  component: Root,
  notFoundComponent: () => (
    <main>
      <NotFoundPage what="page" />
    </main>
  ),
  errorComponent: CrashedApp,
})

/** In place of everything, when there is no frame to show it in. */
function CrashedApp(props: ErrorComponentProps) {
  return (
    <main>
      <CrashedPage {...props} />
    </main>
  )
}

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  validateSearch: readSignInSearch,
  component: lazyComponent(async () => (await import('./features/session/sign-in-page.tsx')).SignInPage),
})

const app = createRoute({
  getParentRoute: () => root,
  id: 'app',
  beforeLoad: async ({ location }) => {
    const [session] = await Promise.all([loadSession(), loadFirstCursor()])
    if (session === null) throw redirect({ to: '/sign-in', search: { back: location.href }, replace: true })
  },
  component: Frame,
  errorComponent: CrashedApp,
})

const start = createRoute({
  getParentRoute: () => app,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/deployments', replace: true })
  },
})

const deployments = createRoute({
  getParentRoute: () => app,
  path: '/deployments',
  validateSearch: readDeploymentsSearch,
  component: lazyComponent(async () => (await import('./features/deployments/deployments-page.tsx')).DeploymentsPage),
})

const deployment = createRoute({
  getParentRoute: () => app,
  path: '/deployments/$id',
  validateSearch: readDeploymentSearch,
  component: lazyComponent(async () => (await import('./features/deployments/deployment-page.tsx')).DeploymentPage),
})

const fleet = createRoute({
  getParentRoute: () => app,
  path: '/fleet',
  validateSearch: readFleetSearch,
  component: lazyComponent(async () => (await import('./features/fleet/fleet-page.tsx')).FleetPage),
})

const models = createRoute({
  getParentRoute: () => app,
  path: '/models',
  validateSearch: readModelsSearch,
  component: lazyComponent(async () => (await import('./features/models/models-page.tsx')).ModelsPage),
})

const model = createRoute({
  getParentRoute: () => app,
  path: '/models/$name',
  validateSearch: readModelSearch,
  component: lazyComponent(async () => (await import('./features/models/model-page.tsx')).ModelPage),
})

const trainingJobs = createRoute({
  getParentRoute: () => app,
  path: '/training-jobs',
  validateSearch: readTrainingSearch,
  component: lazyComponent(async () => (await import('./features/training/training-jobs-page.tsx')).TrainingJobsPage),
})

const trainingJob = createRoute({
  getParentRoute: () => app,
  path: '/training-jobs/$id',
  validateSearch: readTrainingJobSearch,
  component: lazyComponent(async () => (await import('./features/training/training-job-page.tsx')).TrainingJobPage),
})

const settings = createRoute({
  getParentRoute: () => app,
  path: '/settings',
  validateSearch: readSettingsSearch,
  component: lazyComponent(async () => (await import('./features/settings/settings-page.tsx')).SettingsPage),
})

const routeTree = root.addChildren([
  signIn,
  app.addChildren([start, deployments, deployment, fleet, models, model, trainingJobs, trainingJob, settings]),
])

export function createAppRouter() {
  return createRouter({
    routeTree,
    basepath: basePath,
    defaultPreload: 'intent',
    scrollRestoration: true,
    defaultPendingMs: 300,
    defaultErrorComponent: CrashedPage,
    parseSearch,
    stringifySearch: writeSearch,
    // The address shows only what the routes have read from it.
    search: { strict: true },
  })
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof createAppRouter>
  }
}

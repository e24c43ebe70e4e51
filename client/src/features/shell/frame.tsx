import { Link, Outlet } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { GaugeIcon, PlaygroundIcon, SettingsIcon, TrainingIcon } from '../../ui/icons.tsx'
import { ConnectionBar, ConnectionBadge } from './connection.tsx'
import { LiveEvents } from './live-events.tsx'
import { SessionMenu, ThemeMenu } from './menus.tsx'
import { Shortcuts } from './shortcuts.tsx'
import { cx } from '../../ui/class-names.ts'

const ITEM = cx(
  'flex flex-1 flex-col items-center justify-center gap-1 rounded-lg px-1 py-2 text-2xs whitespace-nowrap text-muted',
  'hover:bg-hover hover:text-text md:flex-none aria-[current=page]:bg-hover aria-[current=page]:text-accent',
)

/** Rail, top line and connection around every page of someone who is signed in. */
export function Frame() {
  return (
    <div className="min-h-dvh md:pl-22">
      <a
        href="#content"
        className={cx(
          'sr-only rounded-md bg-accent px-3 py-1.5 text-on-accent focus:not-sr-only focus:fixed focus:top-2',
          'focus:left-2 focus:z-50',
        )}
      >
        Skip to the content
      </a>
      <nav
        aria-label="Main"
        className={cx(
          'fixed inset-x-0 bottom-0 z-30 flex border-t border-line bg-surface',
          'pb-[env(safe-area-inset-bottom)] md:inset-x-auto md:inset-y-0 md:left-0 md:w-22 md:flex-col',
          'md:gap-1 md:border-t-0 md:border-r md:px-1.5 md:pt-4',
        )}
      >
        <Link
          to="/deployments"
          aria-label="Gaugeline"
          className="hidden h-10 items-center justify-center text-accent md:flex"
        >
          <GaugeIcon size={22} />
        </Link>
        <RailLink to="/deployments" icon={<GaugeIcon size={18} />}>
          Deployments
        </RailLink>
        <RailLink to="/training-jobs" icon={<TrainingIcon size={18} />}>
          Training jobs
        </RailLink>
        <a href="/graphql" className={ITEM}>
          <PlaygroundIcon size={18} />
          Playground
        </a>
        <RailLink to="/settings" icon={<SettingsIcon size={18} />}>
          Settings
        </RailLink>
      </nav>
      <ConnectionBar />
      {/* Its words stand low enough for the connection bar above them, which must not push anything. */}
      <header className="flex h-14 items-end justify-end gap-1 px-4 pb-1 md:px-6">
        <Link to="/deployments" className="mr-auto flex h-8 items-center gap-2 font-semibold md:hidden">
          <span className="text-accent">
            <GaugeIcon size={18} />
          </span>
          Gaugeline
        </Link>
        <ConnectionBadge />
        <ThemeMenu />
        <SessionMenu />
      </header>
      <main id="content" tabIndex={-1} className="mx-auto max-w-360 px-4 pb-24 outline-none md:px-6 md:pb-10">
        <Outlet />
      </main>
      <LiveEvents />
      <Shortcuts />
    </div>
  )
}

interface RailLinkProps {
  to: '/deployments' | '/training-jobs' | '/settings'
  icon: ReactNode
  children: string
}

function RailLink({ to, icon, children }: RailLinkProps) {
  return (
    <Link to={to} className={ITEM} activeProps={{ 'aria-current': 'page' }} activeOptions={{ includeSearch: false }}>
      {icon}
      {children}
    </Link>
  )
}

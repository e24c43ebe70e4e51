import { Link, Outlet } from '@tanstack/react-router'
import { type MouseEvent, useEffect } from 'react'
import { reachable } from '../../graphql/reachable.ts'
import { loadChunksWhenIdle } from '../../ui/chunks.ts'
import { cx } from '../../ui/class-names.ts'
import { GaugeIcon } from '../../ui/icons.tsx'
import { notifyProblem } from '../../ui/notices.ts'
import { ConnectionBar, ConnectionBadge } from './connection.tsx'
import { LiveEvents } from './live-events.tsx'
import { SessionMenu, ThemeMenu } from './menus.tsx'
import { LINKS } from './nav.ts'
import { Shortcuts } from './shortcuts.tsx'

const ITEM = cx(
  'flex flex-1 flex-col items-center justify-center gap-1 rounded-lg px-1 py-2 text-2xs whitespace-nowrap text-muted',
  'hover:bg-hover hover:text-text md:flex-none aria-[current=page]:bg-hover aria-[current=page]:text-accent',
)

/** The rail, the top line and the state of the connection, around every page of a signed-in person. */
export function Frame() {
  // From then on, every page opens, even if the server is down or has a new build.
  useEffect(() => loadChunksWhenIdle(), [])
  return (
    <div className="min-h-dvh md:pl-22">
      <a
        href="#content"
        className={cx(
          'sr-only rounded-md bg-accent px-3 py-1.5 text-on-accent focus:not-sr-only focus:fixed focus:top-2',
          'focus:left-2 focus:z-50',
        )}
      >
        Skip to content
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
        {LINKS.map((link) => (
          <RailLink key={link.title} link={link} />
        ))}
      </nav>
      <ConnectionBar />
      {/* Its content is low enough to leave room for the connection bar above it, which must not push anything down. */}
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

function RailLink({ link }: { link: (typeof LINKS)[number] }) {
  const content = (
    <>
      <link.Icon size={18} />
      {link.title}
    </>
  )
  if ('href' in link) {
    return (
      <a href={link.href} className={ITEM} onClick={(event) => void leave(event, link)}>
        {content}
      </a>
    )
  }
  return (
    <Link
      to={link.to}
      className={ITEM}
      activeProps={{ 'aria-current': 'page' }}
      activeOptions={{ includeSearch: false }}
    >
      {content}
    </Link>
  )
}

/** Follows a link to a page of the server, unless the server is down: the browser's error page would replace ours. */
async function leave(event: MouseEvent, { href, title }: { href: string; title: string }): Promise<void> {
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return
  event.preventDefault()
  if (await reachable()) return location.assign(href)
  notifyProblem('The server does not answer', `${title} opens when the connection is back.`)
}

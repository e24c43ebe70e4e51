import { cx } from './class-names.ts'

export type Tone = 'ok' | 'warn' | 'bad' | 'quiet' | 'busy'

const TONES: Record<Tone, string> = {
  ok: 'text-ok',
  warn: 'text-warn',
  bad: 'text-bad',
  quiet: 'text-muted',
  busy: 'text-accent',
}

/**
 * A state as a shape and a word: a full disc, ring, triangle, square or half disc. The colour only repeats what the
 * shape says.
 */
export function Status({ tone, children, className }: { tone: Tone; children: string; className?: string }) {
  return (
    <span className={cx('inline-flex min-w-0 items-center gap-1.5 whitespace-nowrap', className)}>
      <Shape tone={tone} />
      <span className="truncate">{children}</span>
    </span>
  )
}

export function Shape({ tone }: { tone: Tone }) {
  return (
    <svg width="8" height="8" viewBox="0 0 8 8" aria-hidden="true" className={cx('shrink-0', TONES[tone])}>
      {tone === 'ok' && <circle cx="4" cy="4" r="4" fill="currentColor" />}
      {tone === 'quiet' && <circle cx="4" cy="4" r="3.1" fill="none" stroke="currentColor" strokeWidth="1.8" />}
      {tone === 'warn' && <path d="M4 0 8 8H0z" fill="currentColor" />}
      {tone === 'bad' && <path d="M0 0h8v8H0z" fill="currentColor" />}
      {tone === 'busy' && (
        <>
          <circle cx="4" cy="4" r="3.1" fill="none" stroke="currentColor" strokeWidth="1.8" />
          <path d="M4 0a4 4 0 0 1 0 8z" fill="currentColor" />
        </>
      )}
    </svg>
  )
}

import { createHash } from 'node:crypto'
import { type Deployment, Prisma } from '@gaugeline/prisma'
import { ordered } from '../base/canonical-json.ts'
import { InvalidInputError } from '../base/errors.ts'
import type { ScrapeSettings, SourceSettings } from '../recording/sources/source-settings.ts'
import type { NewSource } from './source-settings.ts'

type SourceRow = Pick<Deployment, 'source' | 'intervalMs' | 'sourceSettings' | 'sourceSecret'>

/** A source as the columns of its deployment. */
export function sourceColumns({ kind, intervalMs, scrape, secret }: SourceSettings) {
  return {
    source: kind,
    intervalMs,
    sourceSettings: scrape === null ? Prisma.DbNull : (scrape as unknown as Prisma.InputJsonObject),
    sourceSecret: secret,
  }
}

export function storedSource({ source, intervalMs, sourceSettings, sourceSecret }: SourceRow): SourceSettings {
  // Nothing but `sourceColumns` writes it.
  return { kind: source, intervalMs, scrape: sourceSettings as unknown as ScrapeSettings | null, secret: sourceSecret }
}

/**
 * A new source with the authorization of the one before, where it was left out. A secret is never sent to another
 * server because somebody changed the URL: then it must be given again.
 * @param path where the settings of the scrape stand in the input
 * @throws InvalidInputError
 */
export function withKeptSecret<S extends NewSource>(given: S, before: SourceSettings, path: string[]): S {
  if (!given.keepsSecret || given.scrape === null || before.scrape === null || before.secret === null) return given
  const [origin, known] = [new URL(given.scrape.url).origin, new URL(before.scrape.url).origin]
  if (origin !== known) {
    const message = `must be given again, or be null for none: the stored one is for ${known}, and is not sent to ${origin}.`
    throw new InvalidInputError([{ path: [...path, 'authorization'], message }])
  }
  const { authorization } = before.scrape
  return { ...given, scrape: { ...given.scrape, authorization }, secret: before.secret }
}

export function isSameSource(a: SourceSettings, b: SourceSettings): boolean {
  return JSON.stringify(ordered(plain(a))) === JSON.stringify(ordered(plain(b)))
}

/** What a source is, for comparing calls: of its secret only a hash. */
export function sourceKey(source: SourceSettings): Record<string, unknown> {
  const { secret, ...rest } = plain(source)
  return { ...rest, secret: secret === null ? null : createHash('sha256').update(secret).digest('hex') }
}

function plain({ kind, intervalMs, scrape, secret }: SourceSettings): SourceSettings {
  return { kind, intervalMs, scrape, secret }
}

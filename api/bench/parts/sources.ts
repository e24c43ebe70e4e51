import { wantedFamilies } from '../../src/recording/sources/snapshot.ts'
import type { ExpositionFormat } from '../../src/recording/sources/scraping/exposition.ts'
import { readExposition } from '../../src/recording/sources/scraping/parse-exposition.ts'
import { exposition } from '../exposition.ts'
import { interleaved, type Measured, medianOf, type Run } from '../rounds.ts'
import { figure, type Section, type Verdict } from '../section.ts'

interface Parser {
  name: string
  text: string
  /** Gives the number of samples that it found. */
  parse: (text: string) => number
}

interface Parsed {
  msPerMegabyte: number
  samples: number
}

const GAUGELINE = 'text format, all families'
const REFERENCE = 'parse-prometheus-text-format'
const TARGET_MS = 15

/** What it costs to read what model servers expose. */
export async function sources(run: Run): Promise<Section> {
  const parsers = await parsersOf(run)
  const parsed = await interleaved(run, parsers, ({ text, parse }) => Promise.resolve(timed(text, parse, run)))
  return {
    title: 'Reading expositions',
    about:
      'What a vLLM server with 40 engines exposes, a megabyte: parsed from a string, in one process that has parsed it ' +
      'before, with all its samples, labels and checks as the result. Only those families are wanted that a sample is made of ' +
      `where it says so. ${REFERENCE} keeps one series of each histogram.`,
    columns: ['reading an exposition', 'CPU for a megabyte, ms', 'samples'],
    rows: parsed.map(({ name, measurements }) => [
      name,
      figure(msOf(measurements)),
      String(measurements[0]?.samples ?? '–'),
    ]),
    verdicts: verdictsOf(parsed),
    faults: parsed
      .filter(({ name }) => name !== REFERENCE)
      .flatMap(({ name, failures }) => failures.map((failure) => `${name}: ${failure}`)),
    remarks: parsed
      .filter(({ name }) => name === REFERENCE)
      .flatMap(({ name, failures }) => failures.map((failure) => `${name}: ${failure}`)),
  }
}

function verdictsOf(parsed: readonly Measured<Parsed>[]): Verdict[] {
  const msPerParser = (name: string) => msOf(parsed.find((each) => each.name === name)?.measurements ?? [])
  return [
    ...parsed
      .filter(({ name }) => name !== REFERENCE)
      .map(({ name, measurements }) => ({
        what: `CPU to parse a megabyte, ${name}`,
        value: msOf(measurements),
        target: TARGET_MS,
        unit: 'ms',
      })),
    {
      what: `CPU to parse a megabyte, to ${REFERENCE}`,
      value: msPerParser(GAUGELINE) / msPerParser(REFERENCE),
      target: 1 / 2,
      unit: '×',
    },
  ]
}

const msOf = (measurements: readonly Parsed[]) => medianOf(measurements, ({ msPerMegabyte }) => msPerMegabyte)

async function parsersOf({ quick }: Run): Promise<Parser[]> {
  const bytes = quick ? 50_000 : 1_000_000
  const [text, openMetrics] = (['text', 'openmetrics'] as const).map((format) => flat(exposition(bytes, format)))
  const ours = (format: ExpositionFormat, wanted?: (name: string) => boolean) => (given: string) =>
    readExposition(given, format, wanted).samples
  const wanted = wantedFamilies(null)
  return [
    { name: GAUGELINE, text: text ?? '', parse: ours('text') },
    { name: 'text format, those wanted', text: text ?? '', parse: ours('text', wanted) },
    { name: 'OpenMetrics, all families', text: openMetrics ?? '', parse: ours('openmetrics') },
    { name: 'OpenMetrics, those wanted', text: openMetrics ?? '', parse: ours('openmetrics', wanted) },
    { name: REFERENCE, text: text ?? '', parse: await reference() },
  ]
}

/** As it comes from a connection, and not in the parts of which it was put together. */
function flat(text: string): string {
  return Buffer.from(text).toString('utf8')
}

interface ReferenceFamily {
  metrics?: { buckets?: object }[]
}

async function reference(): Promise<Parser['parse']> {
  // @ts-expect-error It has no types.
  const { default: parse } = (await import('parse-prometheus-text-format')) as {
    default: (text: string) => ReferenceFamily[]
  }
  return (text) => {
    let samples = 0
    for (const { metrics = [] } of parse(text)) {
      // A histogram is one object, with its sum and count.
      for (const { buckets } of metrics) samples += buckets === undefined ? 1 : Object.keys(buckets).length + 2
    }
    return samples
  }
}

/** The CPU time of the process, so also of collecting garbage, after as many runs again that warm up. */
function timed(text: string, parse: Parser['parse'], { quick }: Run): Parsed {
  const count = quick ? 1 : 20
  let samples = 0
  for (let n = 0; n < count; n += 1) samples = parse(text)
  const before = process.cpuUsage()
  for (let n = 0; n < count; n += 1) parse(text)
  const { user, system } = process.cpuUsage(before)
  return { msPerMegabyte: ((user + system) / 1000 / count / text.length) * 1_000_000, samples }
}

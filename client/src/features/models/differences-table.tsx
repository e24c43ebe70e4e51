import { Link } from '@tanstack/react-router'
import { cx } from '../../ui/class-names.ts'
import { Skeleton } from '../../ui/skeleton.tsx'
import {
  absoluteWords,
  AMOUNT_UNIT,
  type Compared,
  differenceOf,
  latencyUnitOf,
  relativeWords,
  type RowUnit,
  SHARE_UNIT,
} from './differences.ts'
import { COMPARED_FIGURES, type ComparedFigure, type Totals } from './use-differences.ts'
import { type ComparedVersion, Stroke } from './version-legend.tsx'

const NAMES: Record<ComparedFigure, string> = {
  p50: 'p50',
  p95: 'p95',
  p99: 'p99',
  mean: 'Mean',
  errorRate: 'Error rate',
  requestsPerSecond: 'Requests/s',
  tokensPerSecond: 'Tokens/s',
  requests: 'Requests',
}

interface DifferencesTableProps {
  versions: readonly ComparedVersion[]
  totals: Totals
  /** The range in words. */
  range: string
  onFirst: (version: string) => void
}

/** The figures of the chosen versions over the range, each with its difference to the first version. */
export function DifferencesTable({ versions, totals, range, onFirst }: DifferencesTableProps) {
  return (
    <div className="overflow-hidden rounded-lg border border-line bg-surface">
      <table className="w-full table-fixed border-collapse text-left">
        <caption className="px-3 py-2 text-left text-xs text-muted">
          {`${range}, differences to ${versions[0]?.version ?? 'the first'}`}
          {totals.state === 'failed' && (
            <span role="status"> – could not be loaded, and will be requested again in a moment</span>
          )}
        </caption>
        <colgroup>
          <col className="w-[5.5rem] sm:w-36" />
          {versions.map(({ id }) => (
            <col key={id} />
          ))}
        </colgroup>
        <thead>
          <tr className="border-t border-line text-xs">
            <th scope="col" className="px-2 py-1.5 font-medium text-muted sm:px-3">
              Figure
            </th>
            {versions.map((one, index) => (
              <VersionHead key={one.id} one={one} index={index} onFirst={onFirst} />
            ))}
          </tr>
        </thead>
        <tbody aria-busy={totals.state === 'loading'}>
          {COMPARED_FIGURES.map((figure) => (
            <FigureRow key={figure} figure={figure} versions={versions} totals={totals} />
          ))}
        </tbody>
      </table>
    </div>
  )
}

interface VersionHeadProps {
  one: ComparedVersion
  index: number
  onFirst: (version: string) => void
}

function VersionHead({ one, index, onFirst }: VersionHeadProps) {
  return (
    <th scope="col" className="px-2 py-1.5 align-top font-medium sm:border-l sm:border-line sm:px-3">
      <span className="flex flex-col items-end gap-x-3 sm:flex-row-reverse sm:flex-wrap sm:items-center">
        <span className="flex flex-wrap items-center justify-end gap-x-2">
          <Stroke index={index} />
          <Link to="/deployments/$id" params={{ id: one.id }} translate="no" className="hover:underline">
            {one.version}
          </Link>
        </span>
        {index > 0 && (
          <button
            type="button"
            title={`Compare with ${one.version}`}
            onClick={() => onFirst(one.version)}
            className="text-2xs font-normal text-muted hover:text-text hover:underline"
          >
            Put first<span className="sr-only"> {one.version}</span>
          </button>
        )}
      </span>
    </th>
  )
}

interface FigureRowProps {
  figure: ComparedFigure
  versions: readonly ComparedVersion[]
  totals: Totals
}

function FigureRow({ figure, versions, totals }: FigureRowProps) {
  const cells = versions.map((_, index) => totals.versions[index]?.[figure])
  const unit = unitOf(figure, cells)
  return (
    <tr className="border-t border-line">
      <th scope="row" className="px-2 py-1.5 align-top text-xs leading-5 font-normal text-muted sm:px-3">
        {unit.unit ? `${NAMES[figure]}, ${unit.unit}` : NAMES[figure]}
      </th>
      {versions.map(({ id }, index) => (
        <td key={id} className="px-2 py-1.5 text-right align-top sm:border-l sm:border-line sm:px-3">
          {totals.state === 'ready' ? (
            <FigureCell of={cells[index]} base={cells[0]} isFirst={index === 0} unit={unit} />
          ) : (
            <Skeleton className="my-1 ml-auto h-3 w-12" />
          )}
        </td>
      ))}
    </tr>
  )
}

interface FigureCellProps {
  of: Compared | undefined
  /** What it is compared with; undefined for the first version. */
  base: Compared | undefined
  isFirst: boolean
  unit: RowUnit
}

function FigureCell({ of, base, isFirst, unit }: FigureCellProps) {
  const difference = isFirst ? undefined : differenceOf(of, base)
  const value = of?.value ?? null
  const note = of?.note !== undefined && <span className="text-xs text-muted">{of.note}</span>
  return (
    <span title={of?.about} className="flex flex-wrap items-baseline justify-end gap-x-3">
      {of?.about !== undefined && <span className="sr-only">{of.about}</span>}
      {note}
      <span translate="no" className={cx('font-medium', value === null && 'text-faint')}>
        {unit.write(value)}
      </span>
      {!isFirst && (
        <span
          translate="no"
          className="flex w-full flex-wrap justify-end gap-x-2 text-xs text-muted lg:w-36 lg:flex-nowrap"
        >
          <span className="lg:w-18">{difference && absoluteWords(difference, unit)}</span>
          <span className="lg:w-16">{difference && relativeWords(difference)}</span>
        </span>
      )}
    </span>
  )
}

function unitOf(figure: ComparedFigure, cells: readonly (Compared | undefined)[]): RowUnit {
  if (figure === 'errorRate') return SHARE_UNIT
  const isLatency = figure === 'p50' || figure === 'p95' || figure === 'p99' || figure === 'mean'
  return isLatency ? latencyUnitOf(cells.map((cell) => cell?.value ?? null)) : AMOUNT_UNIT
}

import type { SourceFigure } from '../../graphql/gql/graphql.ts'
import { Problem } from '../../ui/message.tsx'
import { Select } from '../../ui/select.tsx'
import { type MappedFamily, unitFor } from './scrape-form.ts'
import { FIGURE_UNITS, SOURCE_FIGURES, UNIT_WORDS } from './source-words.ts'
import type { ScrapeCheck, ScrapeState } from './use-scrape-check.ts'

/** Chooses the family of each figure, and its unit, where no kind of server is known. */
export function FamilyMapping({ check, state }: { check: ScrapeCheck; state: ScrapeState }) {
  const families = state.form.families ?? {}
  const problem = state.problemOf('mapping')
  const choose = (figure: SourceFigure, mapped: MappedFamily | undefined) => {
    const { [figure]: _before, ...others } = families
    state.changeReading({ families: mapped ? { ...others, [figure]: mapped } : others })
  }
  return (
    <div className="flex flex-col gap-1.5">
      {SOURCE_FIGURES.map((figure) => {
        const { words, units } = FIGURE_UNITS[figure]
        const mapped = families[figure]
        const onFamily = (name: string) => {
          const family = check.families.find((one) => one.name === name)
          choose(figure, family && { family: family.name, unit: unitFor(figure, family) })
        }
        const onUnit = (value: string) => {
          const unit = units.find((one) => one === value)
          if (mapped && unit) choose(figure, { ...mapped, unit })
        }
        return (
          <div key={figure} className="flex flex-wrap items-center gap-x-2 gap-y-1">
            <span className="w-36 text-muted">{words}</span>
            <Select
              label={`Family of ${words.toLowerCase()}`}
              className="min-w-0 flex-1 font-mono"
              value={mapped?.family ?? ''}
              onChange={({ target }) => onFamily(target.value)}
            >
              <option value="">–</option>
              {check.families.map(({ name, type }) => (
                <option key={name} value={name} translate="no">
                  {name} ({type})
                </option>
              ))}
            </Select>
            <Select
              label={`Unit of ${words.toLowerCase()}`}
              className="w-24"
              disabled={!mapped || units.length === 1}
              value={mapped?.unit ?? units[0]}
              onChange={({ target }) => onUnit(target.value)}
            >
              {units.map((unit) => (
                <option key={unit} value={unit}>
                  {UNIT_WORDS[unit]}
                </option>
              ))}
            </Select>
          </div>
        )
      })}
      {problem && <Problem>{problem}</Problem>}
    </div>
  )
}

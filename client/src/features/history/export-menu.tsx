import type { RefObject } from 'react'
import { serverPath } from '../../base-path.ts'
import { Button } from '../../ui/button.tsx'
import { Menu } from '../../ui/menu.tsx'
import { moment } from '../../ui/format.ts'
import { notify } from '../../ui/notices.ts'
import type { ChartGroup } from './chart-group.ts'
import { chartsCsv } from './charts-csv.ts'
import { chartsPng, saveFile, saveFrom } from './export-charts.ts'

interface ExportMenuProps {
  group: ChartGroup
  /** What holds the charts. */
  charts: RefObject<HTMLElement | null>
  /** The names of the subjects, in their order. */
  names: readonly string[]
  /** Where the server exports every window of the subject, below `/export/`: `deployments/<id>`, `models/<id>` or `fleet`. */
  exportPath?: string
}

/** Takes the charts out: as a picture, as the figures that are drawn, or as everything that is stored. */
export function ExportMenu({ group, charts, names, exportPath }: ExportMenuProps) {
  const { feed } = group
  const fileName = (ending: string) => {
    const [from, to] = feed.range()
    const span = [from, to].map((seconds) => new Date(seconds * 1000).toISOString().slice(0, 16).replaceAll(':', ''))
    return `${(names[0] ?? 'charts').replaceAll(/[^\w.-]+/g, '-')}-${span.join('-')}.${ending}`
  }
  const onPicture = async () => {
    if (!charts.current) return
    const [from, to] = feed.range()
    const words = `${names.join(', ')}: ${moment(new Date(from * 1000))} to ${moment(new Date(to * 1000))}`
    const picture = await chartsPng(charts.current, words)
    if (picture) saveFile(fileName('png'), picture)
    else notify('There is nothing to save yet')
  }
  const onCsv = () => saveFile(fileName('csv'), new Blob([chartsCsv(feed, names)], { type: 'text/csv' }))
  const onServer = (format: 'csv' | 'json') => {
    const [from, to] = feed.range().map((seconds) => new Date(seconds * 1000).toISOString())
    const query = new URLSearchParams({ from: from ?? '', to: to ?? '' })
    saveFrom(serverPath(`/export/${exportPath}/metrics.${format}?${query.toString()}`))
  }
  return (
    <Menu
      trigger={<Button small>Export</Button>}
      entries={[
        { kind: 'action', label: 'Charts as PNG', run: () => void onPicture() },
        { kind: 'action', label: 'What is drawn as CSV', run: onCsv },
        ...(exportPath === undefined
          ? []
          : [
              { kind: 'separator' as const },
              { kind: 'action' as const, label: 'Every window as CSV', run: () => onServer('csv') },
              { kind: 'action' as const, label: 'Every window as JSON', run: () => onServer('json') },
            ]),
      ]}
    />
  )
}

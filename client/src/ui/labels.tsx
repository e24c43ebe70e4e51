export interface Label {
  key: string
  value: string
}

/** Labels, each as `key: value`. */
export function Labels({ labels }: { labels: readonly Label[] }) {
  return (
    <ul className="flex flex-wrap gap-1.5">
      {labels.map(({ key, value }) => (
        <li key={key} className="rounded border border-line px-1.5 text-xs leading-5 wrap-anywhere">
          <span className="text-muted">{key}</span>
          {value !== '' && `: ${value}`}
        </li>
      ))}
    </ul>
  )
}

import { serverNow, useClock } from '../../live/clock.ts'
import { span } from '../../ui/format.ts'

export function Age({ since }: { since: string }) {
  const age = useClock((now) => span(serverNow(now) - Date.parse(since)))
  return (
    <span translate="no" className="text-muted">
      {age}
    </span>
  )
}

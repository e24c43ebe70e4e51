import { Link } from '@tanstack/react-router'
import { cx } from '../../ui/class-names.ts'

/** The name of a model, which leads to its page. */
export function ModelLink({ name, className }: { name: string; className?: string }) {
  return (
    <Link to="/models/$name" params={{ name }} translate="no" title={name} className={cx('hover:underline', className)}>
      {name}
    </Link>
  )
}

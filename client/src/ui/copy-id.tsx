import { useState } from 'react'
import { cx } from './class-names.ts'
import { copyText } from './copy-text.ts'
import { CheckIcon, CopyIcon } from './icons.tsx'

/** An id in mono type with a button that copies it. */
export function CopyId({ id, className }: { id: string; className?: string }) {
  const [copied, setCopied] = useState(false)
  const copy = async () => {
    if (!(await copyText(id))) return
    setCopied(true)
    setTimeout(() => setCopied(false), 1500)
  }
  return (
    <button
      type="button"
      onClick={() => void copy()}
      title="Copy the id"
      className={cx('inline-flex min-w-0 items-center gap-1.5 rounded text-muted hover:text-text', className)}
    >
      <span translate="no" className="truncate font-mono text-xs">
        {id}
      </span>
      {copied ? <CheckIcon size={13} /> : <CopyIcon size={13} />}
      <span className="sr-only" role="status">
        {copied ? 'Copied' : 'Copy the id'}
      </span>
    </button>
  )
}

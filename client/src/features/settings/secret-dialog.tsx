import { type ReactNode, useId, useState } from 'react'
import { Button } from '../../ui/button.tsx'
import { cx } from '../../ui/class-names.ts'
import { copyText } from '../../ui/copy-text.ts'
import { Dialog } from '../../ui/dialog.tsx'
import { CheckIcon, CopyIcon } from '../../ui/icons.tsx'
import { useMedia } from '../../ui/media.ts'

/** What was created, with the secret that the server returns only once. */
export interface Created {
  name: string
  secret: string
}

interface SecretDialogProps {
  title: string
  /** What the secret is: `Token`. */
  label: string
  /** What else to know about the secret. */
  note: string
  form: (onCreated: (created: Created) => void) => ReactNode
  onClose: () => void
}

/** The dialog that creates something with a secret: first the form, then the secret. */
export function SecretDialog({ title, label, note, form, onClose }: SecretDialogProps) {
  const [created, setCreated] = useState<Created | null>(null)
  const heading = created ? `The ${label.toLowerCase()} of ${created.name}` : title
  return (
    <Dialog open onClose={onClose} title={heading} stays={created !== null}>
      {created ? <SecretOnce label={label} secret={created.secret} note={note} onClose={onClose} /> : form(setCreated)}
    </Dialog>
  )
}

interface SecretOnceProps {
  label: string
  secret: string
  note: string
  onClose: () => void
}

/** A secret that is shown only once, with a button that copies it. */
function SecretOnce({ label, secret, note, onClose }: SecretOnceProps) {
  const id = useId()
  const phone = useMedia('(max-width: 639px)')
  const [copied, setCopied] = useState<boolean | null>(null)
  return (
    <div className="flex flex-col gap-4">
      <p id={id} className="rounded-md bg-warn-ground px-3 py-2">
        <strong className="font-medium">Copy it now.</strong> It is shown only once. {note}
      </p>
      <div className="flex gap-2">
        <textarea
          readOnly
          rows={phone ? 2 : 1}
          value={secret}
          aria-label={label}
          aria-describedby={id}
          onFocus={(event) => event.target.select()}
          className={cx(
            'min-w-0 flex-1 resize-none rounded-md border border-line-strong bg-ground px-2.5 py-1.5',
            'font-mono text-xs leading-4.5 break-all',
          )}
        />
        <Button className="w-22" onClick={() => void copyText(secret).then(setCopied)}>
          {copied ? <CheckIcon size={14} /> : <CopyIcon size={14} />}
          {copied ? 'Copied' : 'Copy'}
        </Button>
      </div>
      <p role="status" className="min-h-5 text-muted">
        {copied === true && 'Copied to the clipboard.'}
        {copied === false && 'The browser does not allow copying. Select it and copy it with the keyboard.'}
      </p>
      <div className="flex justify-end">
        <Button kind="primary" onClick={onClose}>
          Done
        </Button>
      </div>
    </div>
  )
}

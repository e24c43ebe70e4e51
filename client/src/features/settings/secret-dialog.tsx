import { useBlocker } from '@tanstack/react-router'
import { type ReactNode, useCallback, useId, useRef, useState } from 'react'
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
  const [isAsking, setAsking] = useState(false)
  const mayLeave = useRef(false)
  // Whatever would take the secret away asks first: Escape, the button in the corner, the back button, a reload.
  const ask = useCallback(() => {
    if (mayLeave.current) return false
    setAsking(true)
    return true
  }, [])
  useBlocker({ shouldBlockFn: ask, disabled: created === null, enableBeforeUnload: true })
  const leave = () => {
    mayLeave.current = true
    onClose()
  }
  const heading = created ? `The ${label.toLowerCase()} of ${created.name}` : title
  return (
    <Dialog open onClose={created ? ask : onClose} title={heading} stays={created !== null}>
      {created ? (
        <SecretOnce label={label} secret={created.secret} note={note}>
          {isAsking ? (
            <LeaveQuestion onStay={() => setAsking(false)} onLeave={leave} />
          ) : (
            <Button kind="primary" onClick={leave}>
              I have stored it
            </Button>
          )}
        </SecretOnce>
      ) : (
        form(setCreated)
      )}
    </Dialog>
  )
}

function LeaveQuestion({ onStay, onLeave }: { onStay: () => void; onLeave: () => void }) {
  return (
    <>
      <p role="alert" className="mr-auto">
        Have you stored it? Once this is closed, it cannot be shown again.
      </p>
      <Button onClick={onStay}>Keep it open</Button>
      <Button kind="danger" onClick={onLeave}>
        Close it
      </Button>
    </>
  )
}

interface SecretOnceProps {
  label: string
  secret: string
  note: string
  /** The buttons that close it. */
  children: ReactNode
}

/** A secret that is shown only once, with a button that copies it. */
function SecretOnce({ label, secret, note, children }: SecretOnceProps) {
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
      <div className="flex flex-wrap items-center justify-end gap-2">{children}</div>
    </div>
  )
}

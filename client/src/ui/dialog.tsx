import { AlertDialog } from '@base-ui/react/alert-dialog'
import { Dialog as BaseDialog } from '@base-ui/react/dialog'
import type { ReactNode } from 'react'
import { Button } from './button.tsx'
import { CloseIcon } from './icons.tsx'
import { cx } from './class-names.ts'

const FADE = 'transition-opacity duration-100 data-ending-style:opacity-0 data-starting-style:opacity-0'
const BACKDROP = cx('fixed inset-0 z-40 bg-black/35', FADE)
const POPUP = cx(
  'fixed top-1/2 left-1/2 z-40 max-h-[calc(100dvh-2rem)] w-[calc(100vw-2rem)]',
  '-translate-x-1/2 -translate-y-1/2',
  'overflow-y-auto rounded-xl border border-line bg-raised p-5 shadow-float outline-none',
  FADE,
)

interface DialogProps {
  open: boolean
  onClose: () => void
  title: string
  children: ReactNode
}

interface Options {
  /** A click outside does not close it: it shows something that cannot be shown again. */
  stays?: boolean
  /** It holds a table. */
  wide?: boolean
}

export function Dialog({ open, onClose, title, children, stays = false, wide = false }: DialogProps & Options) {
  return (
    <BaseDialog.Root open={open} onOpenChange={(next) => !next && onClose()} disablePointerDismissal={stays}>
      <BaseDialog.Portal>
        <BaseDialog.Backdrop className={BACKDROP} />
        <BaseDialog.Popup className={cx(POPUP, wide ? 'max-w-2xl' : 'max-w-lg')}>
          <BaseDialog.Title className="mb-4 pr-8 text-base font-semibold wrap-anywhere">{title}</BaseDialog.Title>
          {children}
          {/* Last, so that the tab order starts with the content. */}
          <BaseDialog.Close
            aria-label="Close"
            className={cx(
              'absolute top-4 right-4 inline-flex size-7 items-center justify-center rounded-md text-muted',
              'hover:bg-hover hover:text-text',
            )}
          >
            <CloseIcon />
          </BaseDialog.Close>
        </BaseDialog.Popup>
      </BaseDialog.Portal>
    </BaseDialog.Root>
  )
}

interface ConfirmProps extends DialogProps {
  /** The label of the button that confirms. */
  action: string
  busy: boolean
  onConfirm: () => void
}

/** Asks before something is destroyed; the title names it. Only its two buttons and Escape close it. */
export function Confirm({ open, onClose, title, children, action, busy, onConfirm }: ConfirmProps) {
  return (
    <AlertDialog.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <AlertDialog.Portal>
        <AlertDialog.Backdrop className={BACKDROP} />
        <AlertDialog.Popup className={cx(POPUP, 'max-w-lg')}>
          <AlertDialog.Title className="mb-2 text-base font-semibold wrap-anywhere">{title}</AlertDialog.Title>
          <AlertDialog.Description render={<div />} className="text-muted">
            {children}
          </AlertDialog.Description>
          <div className="mt-5 flex justify-end gap-2">
            <AlertDialog.Close render={<Button>Cancel</Button>} />
            <Button kind="danger" busy={busy} onClick={onConfirm}>
              {action}
            </Button>
          </div>
        </AlertDialog.Popup>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  )
}

import { Toast } from '@base-ui/react/toast'
import { useEffect } from 'react'
import { useStore } from './external-store.ts'
import { CloseIcon } from './icons.tsx'
import { notices } from './notices.ts'
import { cx } from './class-names.ts'

/** Shows the notices as toasts, the newest at the bottom. */
export function Toaster() {
  return (
    <Toast.Provider limit={3}>
      <Toast.Portal>
        <Toast.Viewport
          className={cx(
            'fixed inset-x-4 bottom-18 z-50 flex flex-col items-end gap-2 outline-none md:inset-x-auto',
            'md:right-6 md:bottom-6 md:w-88',
          )}
        >
          <ToastList />
        </Toast.Viewport>
      </Toast.Portal>
    </Toast.Provider>
  )
}

function ToastList() {
  const { toasts, add } = Toast.useToastManager()
  const waiting = useStore(notices)
  useEffect(() => {
    if (waiting.length === 0) return
    notices.set([])
    for (const { title, body, problem } of waiting) {
      add({
        title,
        description: body,
        timeout: problem ? 0 : 6000,
        ...(problem ? { priority: 'high', type: 'problem' } : {}),
      })
    }
  }, [waiting, add])
  return toasts.map((toast) => (
    <Toast.Root
      key={toast.id}
      toast={toast}
      className={cx(
        'w-full rounded-lg border border-line bg-raised shadow-float transition-opacity duration-150',
        'data-ending-style:opacity-0 data-limited:hidden data-starting-style:opacity-0',
      )}
    >
      <Toast.Content className="flex items-start gap-3 py-2.5 pr-2 pl-4">
        <div className="min-w-0 flex-1">
          <Toast.Title className={toast.type === 'problem' ? 'font-medium text-bad' : 'font-medium'} />
          <Toast.Description className="wrap-anywhere text-muted" />
        </div>
        <Toast.Close
          aria-label="Dismiss"
          className={cx(
            'inline-flex size-6 items-center justify-center rounded-md text-muted hover:bg-hover',
            'hover:text-text',
          )}
        >
          <CloseIcon size={14} />
        </Toast.Close>
      </Toast.Content>
    </Toast.Root>
  ))
}

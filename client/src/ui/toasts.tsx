import { Toast } from '@base-ui/react/toast'
import type { ReactNode } from 'react'
import { CloseIcon } from './icons.tsx'

const manager = Toast.createToastManager()

/** Names what happened, for a few seconds, to eye and screen reader. `body` may hold a link to the thing. */
export function notify(title: string, body?: ReactNode): void {
  manager.add({ title, description: body, timeout: 6000 })
}

/** The same for what went wrong where there is no place beside its cause; it stays until it is dismissed. */
export function notifyProblem(title: string, body?: ReactNode): void {
  manager.add({ title, description: body, timeout: 0, priority: 'high', type: 'problem' })
}

export function ToastProvider({ children }: { children: ReactNode }) {
  return (
    <Toast.Provider toastManager={manager} limit={3}>
      {children}
      <Toast.Portal>
        <Toast.Viewport className="fixed inset-x-4 bottom-18 z-50 flex flex-col items-end gap-2 md:inset-x-auto md:right-6 md:bottom-6 md:w-88">
          <ToastList />
        </Toast.Viewport>
      </Toast.Portal>
    </Toast.Provider>
  )
}

function ToastList() {
  const { toasts } = Toast.useToastManager()
  return toasts.map((toast) => (
    <Toast.Root
      key={toast.id}
      toast={toast}
      className="w-full rounded-lg border border-line bg-raised shadow-float transition-opacity duration-150 data-ending-style:opacity-0 data-limited:hidden data-starting-style:opacity-0"
    >
      <Toast.Content className="flex items-start gap-3 py-2.5 pr-2 pl-4">
        <div className="min-w-0 flex-1">
          <Toast.Title className={toast.type === 'problem' ? 'font-medium text-bad' : 'font-medium'} />
          <Toast.Description className="text-muted wrap-anywhere" />
        </div>
        <Toast.Close
          aria-label="Dismiss"
          className="inline-flex size-6 items-center justify-center rounded-md text-muted hover:bg-hover hover:text-text"
        >
          <CloseIcon size={14} />
        </Toast.Close>
      </Toast.Content>
    </Toast.Root>
  ))
}

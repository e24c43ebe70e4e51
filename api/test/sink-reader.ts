import type { MessageSink, SharedMessage } from '../src/fanout/shared-message.ts'

/** A reader who takes what comes while it `isReady`. */
export class SinkReader implements MessageSink {
  readonly got: string[] = []
  /** The very messages, to see who was given the same. */
  readonly messages: SharedMessage[] = []
  isReady = true
  #resume: (() => void)[] = []

  write(message: SharedMessage): void {
    this.messages.push(message)
    const { data, errors } = JSON.parse(String(message.json)) as {
      data?: Record<string, { sequence?: number; skipped?: number; value?: string }> | null
      errors?: { message: string }[]
    }
    const [update] = Object.values(data ?? {})
    const told = errors?.map((error) => error.message).join() ?? update?.value ?? String(update?.sequence)
    this.got.push((update?.skipped ?? 0) > 0 ? `${told} after ${update?.skipped}` : told)
  }

  onReady(resume: () => void): void {
    this.#resume.push(resume)
  }

  readOn(): void {
    this.isReady = true
    for (const resume of this.#resume.splice(0)) resume()
  }
}

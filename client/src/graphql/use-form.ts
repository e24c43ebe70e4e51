import { type ReactNode, type SubmitEvent, useState } from 'react'
import { type ActionDocument, type MutationData, type Refusal, type Success, useAction } from './use-action.ts'

type Problems<Field extends string> = Partial<Record<Field, string>>

interface FormOptions<Form, Field extends string, Data extends MutationData, Input> {
  initial: Form
  document: ActionDocument<Data, Input>
  /** What is wrong with the form, by field. The server checks again and decides. */
  check: (form: Form) => Problems<Field>
  /** The field that the path of an issue points to. */
  fieldOf: (path: readonly string[]) => Field | undefined
  /** The checked form as the mutation takes it. */
  toInput: (form: Form) => Input
  onDone: (done: Success<Data>) => void
}

/**
 * The form of a mutation. It is checked before it is sent. What the server refuses is shown beside the field that
 * caused it or, where there is no such field, in `problem`.
 */
export function useForm<Form extends object, Field extends string, Data extends MutationData, Input>({
  initial,
  document,
  check,
  fieldOf,
  toInput,
  onDone,
}: FormOptions<Form, Field, Data, Input>) {
  const [form, setForm] = useState(initial)
  const [touched, setTouched] = useState<ReadonlySet<Field>>(new Set())
  const [isTried, setTried] = useState(false)
  const [refused, setRefused] = useState<Problems<Field>>({})
  const { isBusy, problem, run } = useAction()
  const checked = check(form)

  /** Sets a part of the form. With `field`, that field is from now on checked as one types, not only on submit. */
  function change(part: Partial<Form>, field?: Field): void {
    setForm((before) => ({ ...before, ...part }))
    if (field) setTouched((before) => new Set(before).add(field))
    setRefused((before) => (field ? { ...before, [field]: undefined } : {}))
  }

  /** Puts each issue of a refusal beside its field, and returns the text for what belongs to no field. */
  function explain({ message, issues = [] }: Refusal<Data>): ReactNode {
    const fields: Problems<Field> = {}
    const elsewhere: string[] = []
    for (const { path, message: text } of issues) {
      const field = fieldOf(path)
      if (field) fields[field] = text
      else elsewhere.push(text)
    }
    setRefused(fields)
    if (elsewhere.length > 0) return elsewhere.join(' ')
    return Object.keys(fields).length > 0 ? null : message
  }

  async function send(): Promise<void> {
    setTried(true)
    if (Object.keys(checked).length > 0 || isBusy) return
    const { done } = await run(document, toInput(form), explain)
    if (done) onDone(done)
  }

  return {
    form,
    change,
    problem,
    isBusy,
    /** What is wrong with a field, once it has been touched or the form has been submitted. */
    problemOf: (field: Field) => refused[field] ?? (isTried || touched.has(field) ? checked[field] : undefined),
    onSubmit(event: SubmitEvent): void {
      event.preventDefault()
      void send()
    },
  }
}

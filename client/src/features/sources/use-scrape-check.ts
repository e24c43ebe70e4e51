import { useState } from 'react'
import { graphql } from '../../graphql/documents.ts'
import type { CheckScrapeTargetMutation } from '../../graphql/gql/graphql.ts'
import { useAction } from '../../graphql/use-action.ts'
import {
  checkScrapeForm,
  fieldOfFailure,
  type MappedFamily,
  type ScrapeField,
  scrapeFieldOf,
  type ScrapeForm,
  type ScrapeProblems,
  toCheckInput,
  unitFor,
} from './scrape-form.ts'

const CheckScrapeTargetDocument = graphql(`
  mutation CheckScrapeTarget($input: CheckScrapeTargetInput!, $bounds: Boolean! = true) {
    checkScrapeTarget(input: $input) {
      __typename
      ... on CheckScrapeTargetSuccess {
        check {
          server
          serverTitle
          durationMs
          series
          unknown
          problem {
            message
            reason
          }
          families {
            name
            type
            unit
          }
          labels {
            name
            values
            tellsModelsApart
          }
          figures {
            figure
            family
          }
          sinceStart {
            requests
            errors
            promptTokens
            generatedTokens
            windowSeconds
            latency {
              p50Ms
              p95Ms
              p99Ms
            }
            ...Details_metrics
          }
        }
      }
      ... on ScrapeError {
        message
        reason
      }
      ... on DeploymentNotFoundError {
        message
      }
      ... on InvalidInputError {
        message
        issues {
          path
          message
        }
      }
    }
  }
`)

type Answer = CheckScrapeTargetMutation['checkScrapeTarget']
export type ScrapeCheck = Extract<Answer, { __typename: 'CheckScrapeTargetSuccess' }>['check']

const NO_PROBLEMS: ScrapeProblems = {}

/**
 * The settings of a scrape, and what a check of them has found. A check is of the settings as they were: another URL or
 * authorization forgets it, and whatever else changes is checked again at once.
 */
export function useScrapeCheck(initial: ScrapeForm, deploymentId: string | undefined) {
  const [form, setForm] = useState(initial)
  const [isTried, setTried] = useState(false)
  const [refused, setRefused] = useState(NO_PROBLEMS)
  const [check, setCheck] = useState<ScrapeCheck>()
  const { isBusy, problem, run } = useAction()
  const checked = checkScrapeForm(form)

  async function tryOut(wanted: ScrapeForm): Promise<void> {
    setTried(true)
    setRefused(NO_PROBLEMS)
    if (Object.keys(checkScrapeForm(wanted)).length > 0) return
    const { done } = await run(CheckScrapeTargetDocument, toCheckInput(wanted, deploymentId), (refusal) => {
      setCheck(undefined)
      const { message } = refusal
      if (refusal.__typename === 'ScrapeError') setRefused({ [fieldOfFailure(refusal.reason)]: message })
      else if (refusal.__typename === 'InvalidInputError') setRefused(problemsOf(refusal.issues, message))
      else return message
      return null
    })
    if (done) setCheck(done.check)
  }

  return {
    form,
    check,
    isBusy,
    problem,
    problemOf: (field: ScrapeField) => refused[field] ?? (isTried ? checked[field] : undefined),
    hasProblems: Object.keys(checked).length > 0,
    /** Shows what is wrong beside the fields, as a press of the button does. */
    touch: () => setTried(true),
    /** Shows what the server refuses beside the fields that caused it. */
    refuse: (issues: readonly Issue[], message: string) => setRefused(problemsOf(issues, message)),
    /** Where the metrics are: what was found elsewhere says nothing of it. */
    changeTarget(part: Partial<ScrapeForm>): void {
      setForm((before) => ({ ...before, ...part }))
      setRefused(NO_PROBLEMS)
      setCheck(undefined)
    },
    /** How they are read. With a check on the screen, it is made again. */
    changeReading(part: Partial<ScrapeForm>): void {
      const next = { ...form, ...part }
      setForm(next)
      if (check) void tryOut(next)
    },
    /** The mapping by hand begins with the families that were found. Nothing is checked before one is chosen. */
    startMapping(): void {
      const families: NonNullable<ScrapeForm['families']> = Object.fromEntries<MappedFamily>(
        (check?.figures ?? []).map(({ figure, family: name }) => {
          const family = check?.families.find((one) => one.name === name) ?? { name, unit: null }
          return [figure, { family: name, unit: unitFor(figure, family) }]
        }),
      )
      setForm((before) => ({ ...before, server: null, families }))
    },
    tryOut: () => tryOut(form),
    tryExample(url: string): void {
      const next = { ...initial, url }
      setForm(next)
      void tryOut(next)
    },
  }
}

export type ScrapeState = ReturnType<typeof useScrapeCheck>

interface Issue {
  path: readonly string[]
  message: string
}

function problemsOf(issues: readonly Issue[], message: string): ScrapeProblems {
  const problems: ScrapeProblems = {}
  for (const issue of issues) problems[scrapeFieldOf(issue.path) ?? 'url'] = issue.message
  return issues.length > 0 ? problems : { url: message }
}

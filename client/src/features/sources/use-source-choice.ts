import { useState } from 'react'
import type { DeploymentSourceInput, MetricsSource } from '../../graphql/gql/graphql.ts'
import { EMPTY_SCRAPE, type ScrapeForm, toScrapeInput } from './scrape-form.ts'
import { useScrapeCheck } from './use-scrape-check.ts'

export interface SourceChoiceOptions {
  kind?: MetricsSource
  scrape?: ScrapeForm
  reportSeconds?: number
  deploymentId?: string
}

const REPORT_SECONDS = 10

/** Which source is chosen, and its settings: what is filled in of one stays while another is looked at. */
export function useSourceChoice(options: SourceChoiceOptions = {}) {
  const [kind, setKind] = useState(options.kind ?? 'SIMULATED')
  const [reportSeconds, setReportSeconds] = useState(options.reportSeconds ?? REPORT_SECONDS)
  const scrape = useScrapeCheck(options.scrape ?? EMPTY_SCRAPE, options.deploymentId)
  return {
    kind,
    setKind,
    reportSeconds,
    setReportSeconds,
    scrape,
    hasSecret: options.scrape?.authorization === 'keep',
    /** The choice as the mutations take it; undefined, with the reasons beside the fields, if it is not complete. */
    toInput(): DeploymentSourceInput | undefined {
      if (kind === 'SIMULATED') return { simulated: {} }
      if (kind === 'REPORTED') return { report: { intervalSeconds: reportSeconds } }
      scrape.touch()
      if (scrape.hasProblems) return undefined
      return { scrape: toScrapeInput(scrape.form, scrape.check?.problem ? null : scrape.check?.server) }
    },
  }
}

export type SourceChoiceState = ReturnType<typeof useSourceChoice>

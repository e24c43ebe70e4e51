import { builder } from '../graphql/builder.ts'
import { ErrorInterface } from '../graphql/errors.schema.ts'
import { InferenceMetricsType } from '../samples/metrics.schema.ts'
import { type ExposedLabel, MAX_LABEL_VALUES, MAX_SHOWN_LABELS } from './labels-to-choose-from.ts'
import { MAX_SHOWN_FAMILIES } from './scrape-check.ts'
import type { ExposedFamily, MappedFigure, ScrapeCheck, ScrapeProblem } from './scrape-check.ts'
import { ModelServerEnum, SourceFigureEnum } from './source.schema.ts'
import { ScrapeError } from './source.errors.ts'

const ScrapeFailureEnum = builder.enumType('ScrapeFailure', {
  description: 'Why metrics could not be read.',
  values: {
    NOT_ALLOWED: {
      description: 'The host leads to an address that is not public, and SCRAPE_ALLOWED_HOSTS does not name it.',
    },
    UNREACHABLE: { description: 'The host could not be found or connected to.' },
    TIMED_OUT: { description: 'The answer took longer than the timeout.' },
    REDIRECTED: { description: 'The answer was a redirect that is not followed.' },
    UNAUTHORIZED: { description: 'The answer was 401 or 403: the authorization is missing or wrong.' },
    STATUS: { description: 'The answer had another status than 200.' },
    NOT_METRICS: { description: 'The answer was not metrics in a format of Prometheus.' },
    TRUNCATED: { description: 'The answer ended in the middle.' },
    TOO_LARGE: { description: 'The answer was larger than what is read.' },
    BUSY: { description: 'Too many targets are being checked at this moment. Try again in a few seconds.' },
  },
})

builder.objectType(ScrapeError, {
  name: 'ScrapeError',
  description: 'The metrics of a target could not be read.',
  interfaces: [ErrorInterface],
  fields: (t) => ({ reason: t.expose('reason', { type: ScrapeFailureEnum, description: 'Why.' }) }),
})

const ProblemReasonEnum = builder.enumType('ScrapeProblemReason', {
  description: 'Why nothing can be recorded from what a target exposes.',
  values: {
    NO_FIGURES: {
      description: 'No family gives a figure: the server is not known, or the mapping or the labels match nothing.',
    },
    AMBIGUOUS: { description: 'The series belong to several models: choose one by a label.' },
  },
})

const ProblemType = builder.objectRef<ScrapeProblem>('ScrapeProblem').implement({
  description: 'Why nothing can be recorded from what a target exposes, as it is read now.',
  fields: (t) => ({
    reason: t.expose('reason', { type: ProblemReasonEnum, description: 'Why.' }),
    message: t.exposeString('message', { description: 'What is wrong and what would be right, for people.' }),
  }),
})

const ExposedFamilyType = builder.objectRef<ExposedFamily>('ExposedFamily').implement({
  description: 'A family of metrics that a target exposes.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'The name, without `_total`, `_bucket`, `_sum` and `_count`.' }),
    type: t.exposeString('type', {
      description: `The type, in lower case, as Prometheus calls it.

Example:
\`histogram\``,
    }),
    unit: t.exposeString('unit', { nullable: true, description: 'The unit that the target names; null without one.' }),
    help: t.exposeString('help', {
      nullable: true,
      description: 'What the target says of it, cut after 300 characters; null when it says nothing.',
    }),
    series: t.exposeInt('series', {
      description: 'How many series it has; a histogram or summary counts once for each set of labels.',
    }),
  }),
})

const ExposedLabelType = builder.objectRef<ExposedLabel>('ExposedLabel').implement({
  description: 'A label of the series that a target exposes.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'The name of the label.' }),
    values: t.exposeStringList('values', {
      description: `Its values, sorted, at most ${MAX_LABEL_VALUES}.`,
    }),
    tellsModelsApart: t.exposeBoolean('tellsModelsApart', {
      description: 'Whether it is a label by which this kind of server tells its models apart.',
    }),
  }),
})

const MappedFigureType = builder.objectRef<MappedFigure>('MappedFigure').implement({
  description: 'A figure that the target gives, and where it comes from.',
  fields: (t) => ({
    figure: t.expose('figure', { type: SourceFigureEnum, description: 'The figure.' }),
    family: t.exposeString('family', { description: 'The name of the family that it comes from.' }),
  }),
})

const ScrapeCheckType = builder.objectRef<ScrapeCheck>('ScrapeCheck').implement({
  description: 'What a target exposes, and what would be recorded from it.',
  fields: (t) => ({
    server: t.expose('server', {
      type: ModelServerEnum,
      nullable: true,
      description:
        'The kind of model server, recognized or named; null when it is not known, or when the families are mapped by hand.',
    }),
    serverTitle: t.exposeString('serverTitle', {
      nullable: true,
      description: 'The name of that kind of server, as its makers write it; null when `server` is.',
    }),
    problem: t.expose('problem', {
      type: ProblemType,
      nullable: true,
      description: 'Why nothing can be recorded with these settings; null when something can.',
    }),
    families: t.field({
      type: [ExposedFamilyType],
      description: `The families that the target exposes, in its order, at most ${MAX_SHOWN_FAMILIES}.`,
      resolve: ({ families }) => families,
    }),
    labels: t.field({
      type: [ExposedLabelType],
      description: `The labels to choose from: those of the mapped families, or of all when none is mapped, that have several values or tell models apart, the latter first; at most ${MAX_SHOWN_LABELS}.`,
      resolve: ({ labels }) => labels,
    }),
    figures: t.field({
      type: [MappedFigureType],
      description: 'The figures that it gives; empty when there is a problem.',
      resolve: ({ figures }) => figures,
    }),
    sinceStart: t.expose('sinceStart', {
      type: InferenceMetricsType,
      nullable: true,
      description:
        'What the server has counted since it began, as one window; null when there is a problem. Its length is known only where the server tells when it began, and 0 otherwise.',
    }),
    unknown: t.exposeStringList('unknown', {
      description: `What cannot be known from it, each as a sentence for people.

Example:
\`No failure counter.\``,
    }),
    durationMs: t.exposeFloat('durationMs', { description: 'How long the scrape took, in milliseconds.' }),
    series: t.exposeInt('series', { description: 'How many series the target exposes.' }),
  }),
})

export const CheckSuccess = builder.objectRef<{ check: ScrapeCheck }>('CheckScrapeTargetSuccess').implement({
  description: 'The target answered with metrics. Nothing was stored.',
  fields: (t) => ({
    check: t.field({ type: ScrapeCheckType, description: 'What it exposes.', resolve: ({ check }) => check }),
  }),
})

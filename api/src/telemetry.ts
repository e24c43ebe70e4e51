import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import { addEventLoopLag } from './event-loop-lag.ts'

/** The services' metrics are read from these, each from the part that knows it. */
export interface ServiceReaders {
  activeDeployments: { readonly size: number }
  sampleLogs: { readonly counts: { logs: number; followers: number } }
  fleet: { readonly counts: { filters: number; watchers: number } }
  trainingProgress: { readonly watchers: number }
  deliveryWorker: { readonly inFlight: number }
  scraped: { readonly targets: number }
  rollUp: { readonly lagsMs: ReadonlyMap<number, number> }
  /** Undefined while it is not known. */
  deliveryBacklog: { read(): Promise<{ pending: number; oldestSeconds: number } | undefined> }
}

/** The same for the server. */
export interface ServerReaders {
  connections: { count(transport: 'websocket' | 'sse'): number }
  shared: { readonly counts: { groups: number; members: number }; readonly bytes: number }
  unread: { readonly bytes: number }
}

/** A response, or a request whose connection ended without one. */
export interface AnsweredRequest {
  method: string
  /** One of a fixed list, whatever the path was. */
  route: string
  /** Undefined when no response was begun. */
  status: number | undefined
  /** Undefined for a stream: it lasts as long as its reader wants. */
  durationMs: number | undefined
}

const METHODS = new Set(['GET', 'HEAD', 'POST', 'OPTIONS'])
/** These of prom-client's own are gauges with the names of counters, and the sums of others. */
const MISNAMED = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total']
/** The longest time that a timer takes. */
const NEVER_MS = 2 ** 31 - 1

/**
 * Every metric of `/metrics`. Most are read when Prometheus scrapes them; what happens is counted as it happens. No
 * caller can choose the value of a label.
 */
export class Telemetry {
  readonly #registry = new Registry()
  readonly #lateness = new Histogram({
    name: 'gaugeline_recording_lateness_seconds',
    help: 'Time from the end of a window until its sample was stored, in seconds.',
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
    registers: [this.#registry],
  })
  readonly #stored = new Counter({
    name: 'gaugeline_samples_stored_total',
    help: 'Samples stored since the server started.',
    registers: [this.#registry],
  })

  readonly #requests = new Counter({
    name: 'gaugeline_http_requests_total',
    help: 'HTTP requests that are over, by route, method and status; the status is none when no response was begun.',
    labelNames: ['route', 'method', 'status'],
    registers: [this.#registry],
  })
  readonly #requestDuration = new Histogram({
    name: 'gaugeline_http_request_duration_seconds',
    help: 'Time from the head of a request until its response was sent, in seconds, without event streams.',
    labelNames: ['route'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [this.#registry],
  })
  readonly #operations = new Counter({
    name: 'gaugeline_operations_total',
    help: 'GraphQL operations over any transport, by type (unknown: the document was refused) and outcome. Errors that are data count as success; a subscription counts when it starts.',
    labelNames: ['type', 'outcome'],
    registers: [this.#registry],
  })
  readonly #errors = new Counter({
    name: 'gaugeline_errors_total',
    help: 'Errors in answers, over any transport, by code.',
    labelNames: ['code'],
    registers: [this.#registry],
  })
  readonly #attempts = new Counter({
    name: 'gaugeline_webhook_attempts_total',
    help: 'Attempts to deliver a webhook message, by outcome.',
    labelNames: ['outcome'],
    registers: [this.#registry],
  })
  readonly #scrapes = new Counter({
    name: 'gaugeline_scrapes_total',
    help: 'Scrapes of model servers, by outcome.',
    labelNames: ['outcome'],
    registers: [this.#registry],
  })
  readonly #scrapeDuration = new Histogram({
    name: 'gaugeline_scrape_duration_seconds',
    help: 'Duration of a scrape, from resolving its host to its figures, in seconds.',
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [this.#registry],
  })

  onRequest({ method, route, status, durationMs }: AnsweredRequest): void {
    this.#requests.inc({ route, method: METHODS.has(method) ? method : 'other', status: status ?? 'none' })
    if (durationMs !== undefined) this.#requestDuration.observe({ route }, durationMs / 1000)
  }

  onOperation(type: string, isSuccess: boolean): void {
    this.#operations.inc({ type, outcome: isSuccess ? 'success' : 'error' })
  }

  onError(code: string): void {
    this.#errors.inc({ code })
  }

  /** @param failure null when the message was delivered */
  onDeliveryAttempt(failure: string | null): void {
    this.#attempts.inc({ outcome: failure?.toLowerCase() ?? 'success' })
  }

  /**
   * @param failure why there are no figures, of a fixed list; null when there are
   * @param durationMs of the whole scrape
   */
  onScrape(failure: string | null, durationMs: number): void {
    this.#scrapes.inc({ outcome: failure?.toLowerCase() ?? 'success' })
    this.#scrapeDuration.observe(durationMs / 1000)
  }

  /** @param latenessMs from the end of the window until its samples were stored */
  onStored(latenessMs: number, count: number): void {
    this.#lateness.observe(latenessMs / 1000)
    this.#stored.inc(count)
  }

  addServices(readers: ServiceReaders): void {
    const { activeDeployments, sampleLogs, fleet, trainingProgress, deliveryWorker, deliveryBacklog, rollUp } = readers
    const { scraped } = readers
    this.#gauge(
      'gaugeline_active_deployments',
      'Active deployments: those that are recorded.',
      () => activeDeployments.size,
    )
    this.#gauge(
      'gaugeline_sample_logs',
      'Deployments with subscriptions to their samples.',
      () => sampleLogs.counts.logs,
    )
    this.#gauge('gaugeline_sample_followers', 'Subscriptions to samples.', () => sampleLogs.counts.followers)
    this.#gauge('gaugeline_fleet_filters', 'Distinct filters of fleet subscriptions.', () => fleet.counts.filters)
    this.#gauge('gaugeline_fleet_watchers', 'Subscriptions to the fleet.', () => fleet.counts.watchers)
    this.#gauge('gaugeline_scrape_targets', 'Deployments that are scraped.', () => scraped.targets)
    this.#gauge('gaugeline_training_watchers', 'Subscriptions to training jobs.', () => trainingProgress.watchers)
    this.#gauge('gaugeline_webhook_deliveries', 'Webhook deliveries in flight.', () => deliveryWorker.inFlight)
    this.#gauge(
      'gaugeline_webhook_deliveries_pending',
      'Webhook deliveries that wait to be sent, or sent again, to enabled webhooks. Missing while the database is down.',
      async () => (await deliveryBacklog.read())?.pending,
    )
    this.#gauge(
      'gaugeline_webhook_oldest_pending_seconds',
      'Age of the oldest of these deliveries, in seconds; 0 when there is none.',
      async () => (await deliveryBacklog.read())?.oldestSeconds,
    )
    void new Gauge({
      name: 'gaugeline_merge_lag_seconds',
      help: 'Time since the oldest window that is not merged yet could have been, in seconds, by length of the windows in seconds; 0 when there is none.',
      labelNames: ['resolution'],
      registers: [this.#registry],
      collect() {
        for (const [resolutionMs, lagMs] of rollUp.lagsMs) this.set({ resolution: resolutionMs / 1000 }, lagMs / 1000)
      },
    })
  }

  /** Adds the process's own metrics too (CPU, memory, event loop). Called once. */
  addServer({ connections, shared, unread }: ServerReaders): void {
    collectDefaultMetrics({ register: this.#registry, eventLoopMonitoringPrecision: NEVER_MS })
    for (const { name } of this.#registry.getMetricsAsArray()) {
      if (MISNAMED.includes(name) || name.startsWith('nodejs_eventloop_lag_')) this.#registry.removeSingleMetric(name)
    }
    addEventLoopLag(this.#registry)
    void new Gauge({
      name: 'gaugeline_live_connections',
      help: 'Authenticated WebSockets and event streams that are open.',
      labelNames: ['transport'],
      registers: [this.#registry],
      collect() {
        for (const transport of ['websocket', 'sse'] as const) this.set({ transport }, connections.count(transport))
      },
    })
    const groups = 'Groups of equal subscriptions, each executed once for all its members.'
    this.#gauge('gaugeline_shared_subscription_groups', groups, () => shared.counts.groups)
    this.#gauge('gaugeline_shared_subscription_members', 'Subscriptions in these groups.', () => shared.counts.members)
    const bytes = 'Memory that running subscriptions count for, in bytes; docs/limits.md bounds it.'
    this.#gauge('gaugeline_shared_subscription_bytes', bytes, () => shared.bytes)
    const unreadBytes = 'What was made for callers and not yet taken by the network, in bytes.'
    this.#gauge('gaugeline_unread_bytes', unreadBytes, () => unread.bytes)
  }

  /** What Prometheus is answered. */
  async scrape(): Promise<{ contentType: string; text: string }> {
    return { contentType: this.#registry.contentType, text: await this.#registry.metrics() }
  }

  /** @param read undefined leaves the metric out of the answer */
  #gauge(name: string, help: string, read: () => number | undefined | Promise<number | undefined>): void {
    void new Gauge({
      name,
      help,
      registers: [this.#registry],
      async collect() {
        const value = await read()
        if (value === undefined) this.remove()
        else this.set(value)
      },
    })
  }
}

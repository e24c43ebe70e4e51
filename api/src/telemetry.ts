import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'

/** The services' metrics are read from these, each from the part that knows it. */
export interface ServiceReaders {
  activeDeployments: { readonly size: number }
  sampleLogs: { readonly counts: { logs: number; followers: number } }
  fleet: { readonly counts: { filters: number; watchers: number } }
  trainingProgress: { readonly watchers: number }
  deliveryWorker: { readonly inFlight: number }
}

/** The same for the server. */
export interface ServerReaders {
  connections: { count(transport: 'websocket' | 'sse'): number }
  shared: { readonly counts: { groups: number; members: number } }
}

/** Every metric of `/metrics`. Most are read when Prometheus scrapes them; the recorder's are written as it stores. */
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

  /** @param latenessMs from the end of the window until its samples were stored */
  onStored(latenessMs: number, count: number): void {
    this.#lateness.observe(latenessMs / 1000)
    this.#stored.inc(count)
  }

  addServices(readers: ServiceReaders): void {
    const { activeDeployments, sampleLogs, fleet, trainingProgress, deliveryWorker } = readers
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
    this.#gauge('gaugeline_training_watchers', 'Subscriptions to training jobs.', () => trainingProgress.watchers)
    this.#gauge('gaugeline_webhook_deliveries', 'Webhook deliveries in flight.', () => deliveryWorker.inFlight)
  }

  /** Adds the process's own metrics too (CPU, memory, event loop). Called once. */
  addServer({ connections, shared }: ServerReaders): void {
    collectDefaultMetrics({ register: this.#registry })
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
  }

  /** What Prometheus is answered. */
  async scrape(): Promise<{ contentType: string; text: string }> {
    return { contentType: this.#registry.contentType, text: await this.#registry.metrics() }
  }

  #gauge(name: string, help: string, read: () => number): void {
    void new Gauge({
      name,
      help,
      registers: [this.#registry],
      collect() {
        this.set(read())
      },
    })
  }
}

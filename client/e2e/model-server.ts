import { once } from 'node:events'
import { createServer, type Server } from 'node:http'

export interface ModelServer {
  readonly url: string
  /** Refuses connections from now on. */
  goDown(): Promise<void>
  /** Listens again, on the same port. */
  comeBack(): Promise<void>
}

const BOUNDS = [0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10]
const PER_SCRAPE = 200

/**
 * A model server in as few lines as possible: with every scrape, it has served 200 more requests of 0.6 s, half of whose
 * first tokens took up to 0.3 s and half longer than its highest bound. Its names are those of vLLM.
 */
export async function startModelServer(): Promise<ModelServer> {
  let scrapes = 0
  let server: Server
  let port = 0
  const listen = async () => {
    server = createServer((_request, response) => {
      scrapes += 1
      response.setHeader('content-type', 'text/plain; version=0.0.4').end(exposition(scrapes * PER_SCRAPE))
    })
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('No port')
    port = address.port
  }
  await listen()
  return {
    url: `http://127.0.0.1:${port}/metrics`,
    async goDown() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
    comeBack: listen,
  }
}

function exposition(requests: number): string {
  const label = 'model_name="tiny"'
  const histogram = (name: string, upTo: (bound: number) => number, mean: number) => [
    `# TYPE ${name} histogram`,
    ...BOUNDS.map((bound) => `${name}_bucket{le="${bound}",${label}} ${upTo(bound)}`),
    `${name}_bucket{le="+Inf",${label}} ${requests}`,
    `${name}_sum{${label}} ${requests * mean}`,
    `${name}_count{${label}} ${requests}`,
  ]
  return [
    '# TYPE vllm:request_success_total counter',
    `vllm:request_success_total{finished_reason="stop",${label}} ${requests * 0.9}`,
    `vllm:request_success_total{finished_reason="abort",${label}} ${requests * 0.1}`,
    '# TYPE vllm:num_requests_running gauge',
    `vllm:num_requests_running{${label}} 7`,
    '# TYPE vllm:num_requests_waiting gauge',
    `vllm:num_requests_waiting{${label}} 3`,
    '# TYPE vllm:kv_cache_usage_perc gauge',
    `vllm:kv_cache_usage_perc{${label}} 0.42`,
    '# TYPE vllm:generation_tokens_total counter',
    `vllm:generation_tokens_total{${label}} ${requests * 50}`,
    ...histogram('vllm:e2e_request_latency_seconds', (bound) => (bound >= 0.8 ? requests : 0), 0.6),
    ...histogram('vllm:time_to_first_token_seconds', () => requests / 2, 20),
    '',
  ].join('\n')
}

import { describe, expect, it } from 'vitest'
import { familiesIn } from '../../../../test/expositions.ts'
import { snapshotOf } from '../snapshot.ts'
import { MODEL_SERVERS, mappingOf } from './all.ts'
import type { ModelServer } from './mapping.ts'

function read(text: string) {
  return snapshotOf(familiesIn(`# TYPE any unknown\n${text}`), { mapping: null, labels: {}, atMs: 0 })
}

describe('the mappings', () => {
  it('are one for each server, that is known by families that it reads or declares', () => {
    expect(new Set(MODEL_SERVERS.map(({ server }) => server)).size).toBe(13)
    for (const { server, title } of MODEL_SERVERS) {
      expect(mappingOf(server).title).toBe(title)
      expect(title).not.toBe('')
    }
  })

  it('read no family in two units, and name none with a suffix that samples have', () => {
    for (const { figures } of MODEL_SERVERS) {
      const scales = new Map<string, number>()
      for (const { family, scale = 1, part } of Object.values(figures).flat(2)) {
        expect(family).not.toMatch(/_(total|bucket|created)$/)
        if (part !== undefined) continue
        expect(scales.get(family) ?? scale).toBe(scale)
        scales.set(family, scale)
      }
    }
  })

  it('of several servers take what stands before an engine, and an engine before what only wraps it', () => {
    const lines: Record<string, string> = {
      ray: 'ray_serve_num_http_requests_total 1',
      rayVllm: 'ray_vllm_num_requests_running 1',
      dynamo: 'dynamo_frontend_requests_total 1',
      worker: 'dynamo_component_requests_total 1',
      vllm: 'vllm:num_requests_running 1',
      kserve: 'request_predict_seconds_count 1',
      nim: 'num_requests_running 1',
      http: 'http_server_request_duration_seconds_count 1',
    }
    const found = (...names: string[]) => read(names.map((name) => lines[name]).join('\n')).server
    const expected: [ModelServer, string[]][] = [
      ['RAY_SERVE', ['vllm', 'rayVllm', 'ray']],
      ['RAY_SERVE', ['rayVllm']],
      ['DYNAMO', ['vllm', 'dynamo']],
      ['VLLM', ['worker', 'vllm']],
      ['DYNAMO', ['worker']],
      ['VLLM', ['kserve', 'vllm', 'http']],
      ['KSERVE', ['kserve', 'http']],
      ['NIM', ['nim', 'http']],
      ['OPEN_TELEMETRY', ['http']],
    ]
    for (const [server, names] of expected) expect(found(...names)).toBe(server)
  })
})

import { expect, it } from 'vitest'
import { workflowFaults } from './workflows.mjs'

const workflow = (steps) => `on: push
jobs:
  test:
    runs-on: ubuntu-latest
    strategy:
      matrix:
        node: [20, 24]
    steps:
${steps}
`

it('a workflow file without a fault passes', async () => {
  expect(await workflowFaults({ 'ci.yml': workflow('      - run: echo ${{ matrix.node }}') })).toEqual([])
})

it('the faults of a workflow file are named with file, line and column', async () => {
  const steps = '      - run: echo ${{ matrix.nod }}\n      - rum: npm test'
  const faults = await workflowFaults({ 'broken.yml': workflow(steps) })
  expect(faults.join('\n')).toMatch(/^broken\.yml:9:\d+: property "nod" is not defined/m)
  expect(faults.join('\n')).toMatch(/^broken\.yml:10:\d+: .*"rum"/m)
})

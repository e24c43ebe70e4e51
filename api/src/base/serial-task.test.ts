import { expect, it, vi } from 'vitest'
import { type Deferred, deferred } from './deferred.ts'
import { SerialTask } from './serial-task.ts'

/** A task whose runs the test ends; each is an entry of `runs`. */
function createTask() {
  const runs: Deferred<void>[] = []
  const onError = vi.fn<(error: unknown) => void>()
  const task = new SerialTask(() => {
    const run = deferred()
    runs.push(run)
    return run.promise
  }, onError)
  return { task, runs, onError }
}

it('a serial task runs at once when it is idle', () => {
  const { task, runs } = createTask()
  task.request()
  expect(runs).toHaveLength(1)
})

it('a serial task never overlaps, and runs once more for any number of requests during a run', async () => {
  const { task, runs } = createTask()
  const first = task.run()
  task.request()
  task.request()
  const second = task.run()
  expect(runs).toHaveLength(1)
  runs[0]!.resolve()
  await first
  await expect.poll(() => runs).toHaveLength(2)
  runs[1]!.resolve()
  await second
  await Promise.resolve()
  expect(runs).toHaveLength(2)
})

it('a request in the moment between two runs of a serial task does not start a third', async () => {
  const { task, runs } = createTask()
  const first = task.run()
  const second = task.run()
  const between = runs[0]!.promise.then(() => task.run())
  runs[0]!.resolve()
  await first
  await expect.poll(() => runs).toHaveLength(2)
  task.requestIfIdle()
  runs[1]!.resolve()
  await Promise.all([second, between])
  expect(runs).toHaveLength(2)
})

it('a serial task asked only if idle leaves out a request that comes during a run', async () => {
  const { task, runs } = createTask()
  const first = task.run()
  task.requestIfIdle()
  runs[0]!.resolve()
  await first
  task.requestIfIdle()
  expect(runs).toHaveLength(2)
})

it('a serial task reports the error of a run once, and runs again afterwards', async () => {
  const { task, runs, onError } = createTask()
  task.request()
  task.request()
  task.request()
  runs[0]!.reject(new Error('first'))
  await expect.poll(() => runs).toHaveLength(2)
  runs[1]!.reject(new Error('second'))
  await expect.poll(() => onError).toHaveBeenCalledTimes(2)
  expect(onError.mock.calls).toEqual([[new Error('first')], [new Error('second')]])
  task.request()
  expect(runs).toHaveLength(3)
})

it('the error of a run goes to the caller that awaits it, and is not reported as well', async () => {
  const { task, runs, onError } = createTask()
  const run = task.run()
  runs[0]!.reject(new Error('refused'))
  await expect(run).rejects.toThrow('refused')
  expect(onError).not.toHaveBeenCalled()
})

it('a serial task reports what its work throws before it returns a promise', async () => {
  const onError = vi.fn<(error: unknown) => void>()
  const task = new SerialTask(() => {
    throw new Error('at once')
  }, onError)
  task.request()
  await expect.poll(() => onError).toHaveBeenCalledWith(new Error('at once'))
})

it('stopping a serial task waits for the run in flight and drops the one after it', async () => {
  const { task, runs } = createTask()
  task.request()
  const dropped = task.run()
  const onStopped = vi.fn<() => void>()
  const stopped = task.stop().then(onStopped)
  await Promise.resolve()
  expect(onStopped).not.toHaveBeenCalled()
  runs[0]!.resolve()
  await Promise.all([stopped, dropped])
  task.request()
  expect(runs).toHaveLength(1)
})

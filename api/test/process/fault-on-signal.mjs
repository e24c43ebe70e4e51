// Loaded into a server by its tests: throws an unhandled error on a signal.
process.on('SIGUSR2', () => {
  const fault = new Error(`a bug that nobody handles: ${process.env.FAULT}`)
  if (process.env.FAULT === 'exception') throw fault
  void Promise.reject(fault)
})

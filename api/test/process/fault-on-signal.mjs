// Loaded into a server by its tests: a bug that nobody handles, when they say so.
process.on('SIGUSR2', () => {
  const fault = new Error(`a bug that nobody handles: ${process.env.FAULT}`)
  if (process.env.FAULT === 'exception') throw fault
  void Promise.reject(fault)
})

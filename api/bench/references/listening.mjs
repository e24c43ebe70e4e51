/** Where a storm must fit, as in Gaugeline. */
export const listenOptions = { host: '127.0.0.1', port: 0, backlog: 4096 }

export function announce(server) {
  console.log(`ready at http://127.0.0.1:${server.address().port}`)
}

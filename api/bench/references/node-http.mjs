// A bare node:http handler that runs the statements that Gaugeline runs for the same request, through the same driver,
// and stringifies their rows. Started with one argument, JSON: { url, statements: { [query]: Statement[] } }.
import { createServer } from 'node:http'
import pg from 'pg'
import { announce, listenOptions } from './listening.mjs'

const { url, statements } = JSON.parse(process.argv[2])
const pool = new pg.Pool({ connectionString: url, max: 10, options: '-c TimeZone=UTC' })

async function answer(request, response) {
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  const { query } = JSON.parse(Buffer.concat(chunks).toString())
  const client = await pool.connect()
  const results = []
  try {
    for (const statement of statements[query]) results.push((await client.query(statement)).rows)
  } finally {
    client.release()
  }
  const body = JSON.stringify({ data: results })
  response.writeHead(200, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
  })
  response.end(body)
}

const server = createServer((request, response) => {
  answer(request, response).catch((/** @type {unknown} */ error) => response.writeHead(500).end(String(error)))
})
server.listen(listenOptions, () => announce(server))

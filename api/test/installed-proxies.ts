import { execFile, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const page = readFileSync(new URL('../../docs/reverse-proxies.md', import.meta.url), 'utf8')

/** The name that the configurations of `docs/reverse-proxies.md` serve. */
export const PUBLIC_HOST = 'gauges.example.com'

/** Where a proxy listens, and to which port of this machine it passes requests on. */
interface ProxyPorts {
  http: number
  https: number
  server: number
}

export interface InstalledProxy {
  name: string
  /** Why it cannot be run on this machine. */
  missing: string | null
  /** Its configuration on the page. */
  config: string
  /** Runs it with the configuration of the page, in which nothing but ports and files is replaced. */
  start(ports: ProxyPorts): Promise<{ ca: Buffer } & AsyncDisposable>
}

interface Files {
  folder: string
  crt: string
  key: string
  /** Both of them. */
  pem: string
  /** Where the proxy writes its process id. */
  pid: string
}

interface Proxy {
  command: string
  probe: string[]
  configOf(config: string, ports: ProxyPorts, files: Files): string
  /** Starts it in the background: returns when it listens. */
  argsOf(configFile: string, files: Files): string[]
}

const PROXIES: Record<string, Proxy> = {
  nginx: {
    command: 'nginx',
    probe: ['-v'],
    configOf: (config, ports, { folder, crt, key, pid }) => {
      const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((what) => `${what}_temp_path ${what};`)
      const server = config
        .replace('listen 80', `listen 127.0.0.1:${ports.http}`)
        .replace('listen 443', `listen 127.0.0.1:${ports.https}`)
        .replace(/\/etc\S+crt/, crt)
        .replace(/\/etc\S+key/, key)
      const http = `http { access_log off; ${temporary.join(' ')}\n${server} }`
      return `worker_processes 1; pid ${pid}; error_log ${folder}/error.log; events { }\n${http}`
    },
    argsOf: (configFile, { folder }) => ['-p', folder, '-e', 'stderr', '-c', configFile],
  },
  HAProxy: {
    command: 'haproxy',
    probe: ['-v'],
    configOf: (config, ports, { pem }) =>
      config
        .replace('bind :80', `bind 127.0.0.1:${ports.http}`)
        .replace('bind :443', `bind 127.0.0.1:${ports.https}`)
        .replace(/\/etc\S+pem/, pem),
    argsOf: (configFile, { pid }) => ['-D', '-q', '-p', pid, '-f', configFile],
  },
  Caddy: {
    command: 'caddy',
    probe: ['version'],
    configOf: (config, ports, { folder, crt, key }) => {
      const global = `{\n\tadmin off\n\thttp_port ${ports.http}\n\thttps_port ${ports.https}\n\tstorage file_system ${folder}\n}\n`
      return global + config.replace('.com {\n', `.com {\n\ttls ${crt} ${key}\n`)
    },
    argsOf: (configFile, { pid }) => ['start', '--adapter', 'caddyfile', '--config', configFile, '--pidfile', pid],
  },
}

export function installedProxies(): InstalledProxy[] {
  const hasOpenssl = spawnSync('openssl', ['version']).status === 0
  return Object.entries(PROXIES).map(([name, proxy]) => {
    const isHere = spawnSync(proxy.command, proxy.probe).status === 0
    const config = new RegExp(`^\`\`\`${name.toLowerCase()}(?:file)?\\n([^]*?)^\`\`\``, 'm').exec(page)?.[1] ?? ''
    return {
      name,
      config,
      missing: isHere ? (hasOpenssl ? null : 'openssl is not on this machine') : `${name} is not on this machine`,
      start: (ports) => start(proxy, config, ports),
    }
  })
}

async function start(proxy: Proxy, config: string, ports: ProxyPorts): Promise<{ ca: Buffer } & AsyncDisposable> {
  const folder = mkdtempSync(join(tmpdir(), 'gaugeline-proxy-'))
  // nginx gives up the rights of root, and still needs its temporary files.
  chmodSync(folder, 0o755)
  const files = Object.fromEntries(['crt', 'key', 'pem', 'pid'].map((name) => [name, join(folder, name)]))
  const { crt = '', key = '', pem = '', pid = '' } = files
  const subject = ['-subj', `/CN=${PUBLIC_HOST}`, '-addext', `subjectAltName=DNS:${PUBLIC_HOST}`]
  const algorithm = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1']
  await run('openssl', ['req', '-x509', '-nodes', '-days', '2', ...algorithm, '-keyout', key, '-out', crt, ...subject])
  writeFileSync(pem, readFileSync(crt, 'utf8') + readFileSync(key, 'utf8'))
  const configFile = join(folder, 'config')
  const filled = config.replace('127.0.0.1:4000', `127.0.0.1:${ports.server}`)
  writeFileSync(configFile, proxy.configOf(filled, ports, { folder, crt, key, pem, pid }))
  // Into a file: what goes on in the background keeps its output open.
  const output = openSync(join(folder, 'output'), 'w')
  const args = proxy.argsOf(configFile, { folder, crt, key, pem, pid })
  const [code] = (await once(spawn(proxy.command, args, { stdio: ['ignore', output, output] }), 'exit')) as [number]
  if (code !== 0)
    throw new Error(`${proxy.command} ended with ${code}: ${readFileSync(join(folder, 'output'), 'utf8')}`)
  return {
    ca: readFileSync(crt),
    async [Symbol.asyncDispose]() {
      process.kill(Number(readFileSync(pid, 'utf8')), 'SIGTERM')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

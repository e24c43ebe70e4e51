import tailwindcss from '@tailwindcss/vite'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'
import { directDocuments } from './direct-documents.ts'

// With `npm run dev`, the API runs beside Vite, which proxies the API's requests to it, WebSocket included.
const api = process.env['API_URL'] ?? 'http://127.0.0.1:4000'

/** Small modules that the list of deployments needs, and other pages too. */
const COMMON =
  /\/client\/src\/(live\/|services|search-params|base-path|charts\/(colours|prepare|sparkline)|features\/(history\/range-search|deployments\/(use-fleet|use-sparkline|use-figures|about-figure|over))|graphql\/use-pages|ui\/(button|select|skeleton|message|notices|media|external-store|fitting-columns|search-field|filter-chips|status|format|figure|class-names|icons)\.)/

export default defineConfig({
  plugins: [directDocuments(), react(), tailwindcss()],
  // Relative: the client may be served below any path, and only the server knows it.
  base: './',
  build: {
    target: 'es2022',
    sourcemap: true,
    assetsInlineLimit: 0,
    rolldownOptions: {
      // What the first page shares with others is one file: thirty small ones compress worse.
      output: { codeSplitting: { groups: [{ name: 'common', test: COMMON }] } },
    },
  },
  server: {
    proxy: {
      '/graphql': { target: api, ws: true, changeOrigin: true },
      '/session': { target: api, changeOrigin: true },
      '/schema.graphql': { target: api, changeOrigin: true },
      '/export': { target: api, changeOrigin: true },
    },
  },
})

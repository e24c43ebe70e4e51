import tailwindcss from '@tailwindcss/vite'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'
import { directDocuments } from './direct-documents.ts'

// With `npm run dev`, the API runs beside Vite, which proxies the API's requests to it, WebSocket included.
const api = process.env['API_URL'] ?? 'http://127.0.0.1:4000'

/**
 * What the start page shares with other pages of figures. As one chunk it compresses far better than as twenty small
 * ones, which the bundler would make: one for each set of pages that share something.
 */
const FIGURES = new RegExp(
  [
    String.raw`/src/ui/(button|external-store|figure|filter-chips|fitting-columns|format|media|message|notices|search-field|select|skeleton|status)\.tsx?$`,
    String.raw`/src/features/deployments/(about-figure|live-cells|over|use-figures-for-order|use-fleet-stream|use-sparkline-fill)\.tsx?$`,
    String.raw`/src/(live/.*|charts/(colours|prepare|sparkline)|graphql/use-pages|services|search-params)\.tsx?$`,
    String.raw`/src/features/(history/range-search|models/model-link)\.tsx?$`,
  ].join('|'),
)

export default defineConfig({
  plugins: [directDocuments(), react(), tailwindcss()],
  // Relative: the client may be served below any path, and only the server knows it.
  base: './',
  build: {
    target: 'es2022',
    sourcemap: true,
    assetsInlineLimit: 0,
    rolldownOptions: {
      output: {
        codeSplitting: { includeDependenciesRecursively: false, groups: [{ name: 'figures', test: FIGURES }] },
      },
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

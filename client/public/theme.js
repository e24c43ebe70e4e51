// Runs before the first paint, so that a dark room never sees a white page. A file and not inline: the page's CSP allows no inline script.
// The choice is 'light', 'dark' or, when nothing is stored, the system's; src/ui/theme.ts keeps it up to date from here on.
;(() => {
  const choice = localStorage.getItem('gaugeline.theme')
  const dark = choice ? choice === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches
  document.documentElement.dataset.theme = dark ? 'dark' : 'light'
})()

// Runs before the first paint, so that a dark page never flashes white. A separate file, because the page's content security policy allows no
// inline scripts. The choice is 'light', 'dark' or, if nothing is stored, the system's; src/ui/theme.ts keeps it up to date afterwards.
;(() => {
  let choice = null
  try {
    choice = localStorage.getItem('gaugeline.theme')
  } catch {
    // Storage is blocked: the choice lasts as long as the page.
  }
  const dark = choice ? choice === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches
  document.documentElement.dataset.theme = dark ? 'dark' : 'light'
})()

// Imported before all else: graphql checks what each object is an instance of the slow way, unless it is told so while it
// is loaded.
// oxlint-disable-next-line gaugeline/no-environment -- set, not read
process.env['NODE_ENV'] ??= 'production'

// Imported before everything else: graphql decides when it is loaded whether to use its slow instance checks for
// development.
// oxlint-disable-next-line gaugeline/no-environment -- set, not read
process.env['NODE_ENV'] ??= 'production'

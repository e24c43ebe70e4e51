/** The copy of graphql that the API runs on: the references of the benchmark have another one. */
export { execute, parse } from 'graphql'

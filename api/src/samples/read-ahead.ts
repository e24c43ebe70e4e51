/**
 * Reads in chunks, one ahead: the database makes the next one while the caller works on the one before.
 * @param first where the first chunk begins; undefined when there is nothing to read
 * @param after where the chunk after these rows begins; undefined after the last one
 */
export async function* readAhead<Place, Row>(
  first: Place | undefined,
  read: (place: Place) => Promise<Row[]>,
  after: (place: Place, rows: readonly Row[]) => Place | undefined,
): AsyncGenerator<Row[]> {
  let place = first
  let reading = place === undefined ? undefined : read(place)
  while (place !== undefined && reading !== undefined) {
    const rows = await reading
    place = after(place, rows)
    reading = place === undefined ? undefined : read(place)
    // A caller who stops here does not learn how it ended.
    reading?.catch(() => undefined)
    if (rows.length > 0) yield rows
  }
}

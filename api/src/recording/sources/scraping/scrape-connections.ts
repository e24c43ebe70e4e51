/** Connections that are kept between scrapes, each to an address that was checked. */
export class ScrapeConnections {
  stop(): void {
    return
  }
}

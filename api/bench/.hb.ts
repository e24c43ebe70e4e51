import { history } from '/tmp/w/history/api/bench/parts/history.ts'
import { printed } from '/tmp/w/history/api/bench/report.ts'
console.log(printed(await history({ quick: false, rounds: 1, log: (l) => console.log(new Date().toISOString(), l) })))
process.exit(0)

/** What a join costs, in units of one row looked up in a hash table; the same for join order and for lowering. */

/** Cost of one row: kept in a hash table, looked up, sent through an exchange, written for or read from a broadcast. */
const row = { build: 2, probe: 1, output: 0.5, exchange: 3, broadcastWrite: 1, broadcastRead: 0.5 } as const;

/** Cost of one more exchange, in rows: a stage has to be started and its files written. */
const exchangeCost = 10_000;

export interface JoinSides {
  /** Rows of the side held in memory, and of the one that streams. */
  readonly build: number;
  readonly probe: number;
  /** Without equality keys every pair of rows is tested. */
  readonly keyed: boolean;
  readonly slots: number;
}

/** Every task builds its own copy: nothing of the probe side moves. */
export function broadcastCost({ build, probe, keyed, slots }: JoinSides): number {
  const moved = exchangeCost + build * (row.broadcastWrite + slots * row.broadcastRead);
  if (!keyed) return moved + build * probe;
  return moved + build * row.build * slots + probe * row.probe;
}

/** Both sides are sent to the task that has their keys' hashes. */
export function partitionedCost({ build, probe }: JoinSides): number {
  return 2 * exchangeCost + (build + probe) * row.exchange + build * row.build + probe * row.probe;
}

/** One task does it all while the others wait. */
export function collectedCost({ build, probe, keyed, slots }: JoinSides): number {
  const work = keyed ? build * row.build + probe * row.probe : build * probe;
  return 2 * exchangeCost + (work + (build + probe) * row.exchange) * slots;
}

export function outputCost(rows: number): number {
  return rows * row.output;
}

/** Build sides estimated above this many rows are not broadcast unless there is no other way. */
export const broadcastRowsDefault = 4_000_000;

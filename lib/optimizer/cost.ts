/** What a join costs, in units of one row looked up in a hash table; the same for join order and for lowering. */

/** Cost of one row: kept in a hash table, looked up, sent through an exchange, written for or read from a broadcast. */
const row = { build: 2, probe: 1, output: 0.5, exchange: 3, broadcastWrite: 1, broadcastRead: 0.5 } as const;

/** Cost of one more exchange, in rows: a stage has to be started and its files written. */
const exchangeCost = 100_000;

export interface JoinSides {
  /** Rows of the side held in memory, and of the one that streams. */
  readonly build: number;
  readonly probe: number;
  /** Mean bytes of their rows. */
  readonly buildBytes: number;
  readonly probeBytes: number;
  /** Without equality keys every pair of rows is tested. */
  readonly keyed: boolean;
  readonly slots: number;
}

/** Keeping and moving a row costs by its bytes; the constants above are for this many. */
function weight(bytes: number): number {
  return 0.5 + bytes / 48;
}

/** Every task builds its own copy: nothing of the probe side moves. */
export function broadcastCost({ build, probe, buildBytes, keyed, slots }: JoinSides): number {
  const moved = exchangeCost + build * weight(buildBytes) * (row.broadcastWrite + slots * row.broadcastRead);
  if (!keyed) return moved + build * probe;
  return moved + build * weight(buildBytes) * row.build * slots + probe * row.probe;
}

/** Both sides are sent to the task that has their keys' hashes. */
export function partitionedCost({ build, probe, buildBytes, probeBytes }: JoinSides): number {
  const moved = (build * weight(buildBytes) + probe * weight(probeBytes)) * row.exchange;
  return 2 * exchangeCost + moved + build * weight(buildBytes) * row.build + probe * row.probe;
}

/** One task does it all while the others wait. */
export function collectedCost({ build, probe, buildBytes, probeBytes, keyed, slots }: JoinSides): number {
  const work = keyed ? build * weight(buildBytes) * row.build + probe * row.probe : build * probe;
  const moved = (build * weight(buildBytes) + probe * weight(probeBytes)) * row.exchange;
  return 2 * exchangeCost + (work + moved) * slots;
}

export function outputCost(rows: number): number {
  return rows * row.output;
}

/** Build sides estimated above this many rows are not broadcast unless there is no other way. */
export const broadcastRowsDefault = 4_000_000;

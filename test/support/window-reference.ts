/** Window functions as they are defined, frame by frame: slow, and the oracle of the reference interpreters. */
import type { Value } from "../../lib/arrow/value.ts";
import { Accumulator, compareSortKeys } from "../../lib/expr/accumulate.ts";
import type { Expr, FrameBound, SortKey, WindowCall } from "../../lib/expr/expr.ts";
import { keyOfValue } from "../../lib/expr/value.ts";
import { QueryError } from "../../lib/index.ts";

interface Window {
  readonly partitionBy: readonly Expr[];
  readonly orderBy: readonly SortKey[];
  readonly functions: readonly WindowCall[];
}

/** For each row, in the given order, one value per function. */
export function windowValues<Row>(
  { partitionBy, orderBy, functions }: Window,
  rows: readonly Row[],
  value: (expr: Expr, row: Row) => Value,
): readonly (readonly Value[])[] {
  const results = rows.map((): Value[] => []);
  const partitions = Map.groupBy(rows.keys(), (i) =>
    JSON.stringify(partitionBy.map((key) => keyOfValue(value(key, rows[i]!)))),
  );
  for (const members of partitions.values()) {
    const sorted = members
      .map((i) => ({ i, keys: orderBy.map((key) => value(key.expr, rows[i]!)) }))
      .sort((a, b) => compareSortKeys(orderBy, a.keys, b.keys));
    for (const call of functions) {
      const own = orderBy.slice(0, call.orderKeys);
      const partition = new Partition(
        call,
        own,
        sorted.map(({ i, keys }) => ({ row: rows[i]!, keys: keys.slice(0, call.orderKeys) })),
        value,
      );
      for (const [at, { i }] of sorted.entries()) results[i]!.push(partition.value(at));
    }
  }
  return results;
}

class Partition<Row> {
  readonly #call: WindowCall;
  readonly #keys: readonly SortKey[];
  readonly #rows: readonly { readonly row: Row; readonly keys: readonly Value[] }[];
  readonly #eval: (expr: Expr, row: Row) => Value;

  constructor(
    call: WindowCall,
    keys: readonly SortKey[],
    rows: readonly { readonly row: Row; readonly keys: readonly Value[] }[],
    evaluate: (expr: Expr, row: Row) => Value,
  ) {
    this.#call = call;
    this.#keys = keys;
    this.#rows = rows;
    this.#eval = evaluate;
  }

  value(at: number): Value {
    const { fn, args, ignoreNulls } = this.#call;
    const rows = this.#rows.length;
    const firstPeer = this.#rows.findIndex((_, i) => this.#arePeers(i, at));
    const arg = (i: number, row: number) => this.#eval(args[i]!, this.#rows[row]!.row);
    switch (fn) {
      case "row_number":
        return BigInt(at + 1);
      case "rank":
        return BigInt(firstPeer + 1);
      case "dense_rank": {
        let rank = 1n;
        for (let i = 1; i <= at; i++) if (!this.#arePeers(i - 1, i)) rank++;
        return rank;
      }
      case "percent_rank":
        return rows === 1 ? 0 : firstPeer / (rows - 1);
      case "cume_dist":
        return this.#rows.filter((_, i) => i <= at || this.#arePeers(i, at)).length / rows;
      case "ntile": {
        const buckets = arg(0, at) as bigint | null;
        if (buckets === null) return null;
        if (buckets <= 0n) throw new QueryError("invalid_argument", "ntile needs a positive number");
        let row = 0;
        for (let bucket = 0n; ; bucket++) {
          const size = Number(BigInt(rows) / buckets) + (bucket < BigInt(rows) % buckets ? 1 : 0);
          if (at < row + size) return bucket + 1n;
          row += size;
        }
      }
      case "lag":
      case "lead":
        return this.#neighbour(at, fn === "lag" ? -1 : 1, arg);
      case "first_value":
      case "last_value":
      case "nth_value": {
        const frame = this.#frame(at).filter((row) => !ignoreNulls || arg(0, row) !== null);
        const nth = fn === "nth_value" ? arg(1, at) : 1n;
        if (nth === null) return null;
        const row = fn === "last_value" ? frame.at(-1) : frame[Number(nth as bigint) - 1];
        return row === undefined ? null : arg(0, row);
      }
      default:
        return this.#aggregate(at);
    }
  }

  #neighbour(at: number, direction: number, arg: (i: number, row: number) => Value): Value {
    const { args, ignoreNulls } = this.#call;
    const offset = args.length > 1 ? (arg(1, at) as bigint | null) : 1n;
    if (offset === null) return null;
    let left = offset < 0n ? -offset : offset;
    const step = offset < 0n ? -direction : direction;
    let row = at;
    while (left > 0n && row >= 0 && row < this.#rows.length) {
      row += step;
      if (!ignoreNulls || this.#rows[row] === undefined || arg(0, row) !== null) left--;
    }
    if (this.#rows[row] !== undefined && left === 0n) return arg(0, row);
    return args.length > 2 ? arg(2, at) : null;
  }

  #aggregate(at: number): Value {
    const { fn, args, filter, type } = this.#call;
    const accumulator = new Accumulator({ fn, args, distinct: false, type });
    for (const row of this.#frame(at)) {
      const { row: member } = this.#rows[row]!;
      if (filter && this.#eval(filter, member) !== true) continue;
      accumulator.add(args.map((arg) => this.#eval(arg, member)));
    }
    return accumulator.result();
  }

  #arePeers(a: number, b: number): boolean {
    return compareSortKeys(this.#keys, this.#rows[a]!.keys, this.#rows[b]!.keys) === 0;
  }

  #frame(at: number): readonly number[] {
    const { start, end, exclude } = this.#call.frame;
    const from = this.#bound(start, at, false);
    const to = this.#bound(end, at, true);
    return [...this.#rows.keys()].filter((row) => {
      if (row < from || row > to) return false;
      if (exclude === "current row") return row !== at;
      if (exclude === "group") return !this.#arePeers(row, at);
      return exclude !== "ties" || row === at || !this.#arePeers(row, at);
    });
  }

  /** The first row of the frame, or its last. */
  #bound(bound: FrameBound, at: number, last: boolean): number {
    const { unit } = this.#call.frame;
    const rows = [...this.#rows.keys()];
    const edge = (found: readonly number[]) => (last ? (found.at(-1) ?? -1) : (found[0] ?? this.#rows.length));
    switch (bound.kind) {
      case "unbounded_preceding":
        return 0;
      case "unbounded_following":
        return this.#rows.length - 1;
      case "current_row":
        return unit === "rows" ? at : edge(rows.filter((row) => this.#arePeers(row, at)));
      case "value": {
        const [key] = this.#keys;
        const limit = this.#eval(bound.value, this.#rows[at]!.row);
        const within = rows.filter((row) => {
          const order = compareSortKeys([key!], [this.#rows[row]!.keys[0]!], [limit]);
          return last ? order <= 0 : order >= 0;
        });
        return edge(within);
      }
      default: {
        const distance = bound.kind === "preceding" ? -bound.offset : bound.offset;
        if (unit === "rows") return at + distance;
        const group = (row: number) => rows.filter((i) => i > 0 && i <= row && !this.#arePeers(i - 1, i)).length;
        const wanted = group(at) + distance;
        return edge(rows.filter((row) => (last ? group(row) <= wanted : group(row) >= wanted)));
      }
    }
  }
}

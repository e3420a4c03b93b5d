/** row_number, rank, dense_rank, percent_rank, cume_dist, ntile: what only the place in the partition says. */
import { types } from "../../arrow/types.ts";
import { readValue } from "../../arrow/value-access.ts";
import type { FlatVector, Vector } from "../../arrow/vector.ts";
import { QueryError } from "../../errors.ts";
import type { WindowCall } from "../../expr/expr.ts";
import type { ArgumentVectors } from "./arguments.ts";
import type { WindowBlock, WindowEvaluator } from "./window-block.ts";

type Ranking = (block: WindowBlock, call: WindowCall) => Vector;

const rankings: Readonly<Record<string, Ranking>> = {
  row_number: (block) => {
    const starts = block.partitions.starts >>> 2;
    const { u32 } = block.memory;
    const first = (block.place?.before ?? 0) + 1;
    return integers(block, (row) => row - u32[starts + row]! + first);
  },
  rank: (block, { orderKeys }) => {
    const [starts, peers] = [block.partitions.starts >>> 2, block.spans(orderKeys).starts >>> 2];
    const { u32 } = block.memory;
    const first = (block.place?.before ?? 0) + 1;
    return integers(block, (row) => u32[peers + row]! - u32[starts + row]! + first);
  },
  dense_rank: (block, { orderKeys }) => {
    const starts = block.partitions.starts >>> 2;
    const groups = block.spanNumbers(orderKeys).numbers >>> 2;
    const { u32 } = block.memory;
    const { place } = block;
    if (place) {
      const before = place.groupsBefore(orderKeys) + 1 - u32[groups + place.first]!;
      return integers(block, (row) => u32[groups + row]! + before);
    }
    return integers(block, (row) => u32[groups + row]! - u32[groups + u32[starts + row]!]! + 1);
  },
  percent_rank: (block, { orderKeys }) => {
    const { starts, ends } = words(block.partitions);
    const peers = block.spans(orderKeys).starts >>> 2;
    const { u32 } = block.memory;
    const { before, total } = block.place ?? { before: 0, total: 0 };
    return floats(block, (row) => {
      const rows = total || u32[ends + row]! - u32[starts + row]!;
      return rows > 1 ? (before + u32[peers + row]! - u32[starts + row]!) / (rows - 1) : 0;
    });
  },
  cume_dist: (block, { orderKeys }) => {
    const { starts, ends } = words(block.partitions);
    const peers = block.spans(orderKeys).ends >>> 2;
    const { u32 } = block.memory;
    const { before, total } = block.place ?? { before: 0, total: 0 };
    return floats(block, (row) => {
      const start = u32[starts + row]!;
      return (before + u32[peers + row]! - start) / (total || u32[ends + row]! - start);
    });
  },
};

export function isRanking(fn: string): boolean {
  return fn in rankings || fn === "ntile";
}

export class RankingEvaluator implements WindowEvaluator {
  readonly #call: WindowCall;
  readonly #arguments: ArgumentVectors;

  constructor(call: WindowCall, args: ArgumentVectors) {
    this.#call = call;
    this.#arguments = args;
  }

  evaluate(block: WindowBlock): Vector {
    if (this.#call.fn === "ntile") return ntile(block, this.#arguments.of(block)[0]!, this.#call);
    return rankings[this.#call.fn]!(block, this.#call);
  }

  free(): void {
    this.#arguments.free();
  }
}

function words({ starts, ends }: { readonly starts: number; readonly ends: number }) {
  return { starts: starts >>> 2, ends: ends >>> 2 };
}

/** A bigint column of numbers from 0 to 2^32. */
function integers(block: WindowBlock, value: (row: number) => number): FlatVector {
  const { length } = block;
  const data = block.arena.alloc(length * 8);
  // Views are taken after the last allocation.
  const { u32 } = block.memory;
  const out = data >>> 2;
  for (let row = 0; row < length; row++) {
    u32[out + row * 2] = value(row);
    u32[out + row * 2 + 1] = 0;
  }
  return { kind: "flat", type: types.int64, physical: "i64", length, data, validity: 0 };
}

function floats(block: WindowBlock, value: (row: number) => number): FlatVector {
  const { length } = block;
  const data = block.arena.alloc(length * 8);
  const { f64 } = block.memory;
  for (let row = 0; row < length; row++) f64[(data >>> 3) + row] = value(row);
  return { kind: "flat", type: types.float64, physical: "f64", length, data, validity: 0 };
}

/** Buckets whose sizes differ by at most one, the larger ones first. */
function ntile(block: WindowBlock, buckets: Vector, { span }: WindowCall): FlatVector {
  const { length, memory } = block;
  const { starts, ends } = words(block.partitions);
  const data = block.arena.alloc(length * 8);
  const validity = block.arena.alloc(length);
  const { u8, u32, i64 } = memory;
  const { before, total } = block.place ?? { before: 0, total: 0 };
  for (let row = 0; row < length; row++) {
    const value = readValue(memory, buckets, row) as bigint | null;
    u8[validity + row] = value === null ? 0 : 1;
    i64[(data >>> 3) + row] = 0n;
    if (value === null) continue;
    if (value <= 0n)
      throw new QueryError("invalid_argument", "ntile needs a positive number", { ...(span && { span }) });
    const start = u32[starts + row]!;
    const rows = total || u32[ends + row]! - start;
    const count = value > BigInt(rows) ? rows : Number(value);
    const [size, larger] = [Math.floor(rows / count), rows % count];
    const at = before + row - start;
    const inLarger = larger * (size + 1);
    const bucket = at < inLarger ? Math.floor(at / (size + 1)) : larger + Math.floor((at - inLarger) / size);
    i64[(data >>> 3) + row] = BigInt(bucket + 1);
  }
  return { kind: "flat", type: types.int64, physical: "i64", length, data, validity };
}

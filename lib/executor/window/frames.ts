/** The rows that each row's frame holds, as row numbers of the block. */
import { FlattenBuffer } from "../../arrow/flatten.ts";
import { physicalKind, sameType } from "../../arrow/types.ts";
import type { FlatVector } from "../../arrow/vector.ts";
import { QueryError } from "../../errors.ts";
import type { Column, FrameBound, SortKey, WindowCall } from "../../expr/expr.ts";
import type { LinearMemory, Ptr } from "../../kernels/memory.ts";
import { columnPosition } from "../keys/key-columns.ts";
import { SortKeyEncoder } from "../sort/sort-keys.ts";
import type { Spans, WindowBlock } from "./window-block.ts";

/**
 * Disjoint parts in the order of the rows, starts inclusive, ends exclusive; a part whose end is not after its start is
 * empty. One part, unless rows are excluded; then starts and ends each ascend over the block.
 */
export type Frame = readonly Spans[];

/** Whether the frame of every row is its whole partition. */
export function isWholePartition({ frame }: WindowCall): boolean {
  return frame.start.kind === "unbounded_preceding" && frame.end.kind === "unbounded_following" && !frame.exclude;
}

/** Whether frames begin with their partition, so that they only grow from row to row. */
export function isRunning({ frame }: WindowCall): boolean {
  return frame.start.kind === "unbounded_preceding" && !frame.exclude;
}

/** Whether it matters which rows are peers. */
export function readsPeers({ fn, frame }: WindowCall): boolean {
  if (["rank", "dense_rank", "percent_rank", "cume_dist"].includes(fn)) return true;
  const { unit, start, end, exclude } = frame;
  if (exclude === "group" || exclude === "ties") return true;
  const bounded = [start, end].some(({ kind }) => kind !== "unbounded_preceding" && kind !== "unbounded_following");
  return unit !== "rows" && bounded;
}

export class Frames {
  readonly #call: WindowCall;
  readonly #key: SortKey | undefined;
  readonly #columns: readonly Column[];
  readonly #encoders: readonly SortKeyEncoder[];
  readonly #flatten: readonly FlattenBuffer[];

  /** @param orderBy of the node */
  constructor(memory: LinearMemory, call: WindowCall, orderBy: readonly SortKey[], columns: readonly Column[]) {
    this.#call = call;
    this.#key = orderBy[0];
    this.#columns = columns;
    const values = [call.frame.start, call.frame.end].some(({ kind }) => kind === "value");
    this.#encoders = values ? [0, 1].map(() => new SortKeyEncoder(memory, [orderBy[0]!])) : [];
    this.#flatten = this.#encoders.map(() => new FlattenBuffer(memory));
  }

  /** Valid as long as the block. */
  of(block: WindowBlock): Frame {
    const { frame, orderKeys } = this.#call;
    return block.once(`frame ${JSON.stringify([frame, orderKeys])}`, () => this.#make(block));
  }

  free(): void {
    for (const encoder of this.#encoders) encoder.free();
    for (const buffer of this.#flatten) buffer.free();
  }

  #make(block: WindowBlock): Frame {
    const { start, end, exclude } = this.#call.frame;
    const whole = { starts: this.#bound(block, start, false), ends: this.#bound(block, end, true) };
    if (!exclude) return [whole];
    return exclude === "current row"
      ? around(block, whole, rowsThemselves(block))
      : this.#withoutPeers(block, whole, exclude === "ties");
  }

  #bound(block: WindowBlock, bound: FrameBound, isEnd: boolean): Ptr {
    const { partitions } = block;
    const { unit } = this.#call.frame;
    switch (bound.kind) {
      case "unbounded_preceding":
        return partitions.starts;
      case "unbounded_following":
        return partitions.ends;
      case "value":
        return this.#rangeBound(block, bound, isEnd);
      case "current_row": {
        if (unit === "rows") return rowBound(block, isEnd ? 1 : 0);
        const peers = block.spans(this.#call.orderKeys);
        return isEnd ? peers.ends : peers.starts;
      }
      default: {
        const distance = bound.kind === "preceding" ? -bound.offset : bound.offset;
        return unit === "rows"
          ? rowBound(block, distance + (isEnd ? 1 : 0))
          : groupBound(block, this.#call.orderKeys, distance, isEnd);
      }
    }
  }

  #rangeBound(block: WindowBlock, bound: FrameBound & { kind: "value" }, isEnd: boolean): Ptr {
    const [key, limit] = [this.#key?.expr, bound.value].map((expr) => {
      if (expr?.kind !== "column") throw new QueryError("internal", "a frame's bound is no column");
      return block.columns[columnPosition(expr.id, this.#columns)]!;
    }) as [FlatVector, FlatVector];
    if (!sameType(key.type, limit.type)) throw new QueryError("internal", "a frame's bound is not of the key's type");
    const encoded = [key, limit].map((vector, i) => {
      const wide = this.#flatten[i]!.toPhysical(vector, physicalKind(vector.type));
      return this.#encoders[i]!.encode([wide], block.length, true).starts;
    });
    const out = block.u32();
    const { starts, ends } = block.partitions;
    block.memory.kernels.rangeBounds(encoded[0]!, encoded[1]!, starts, ends, block.length, isEnd ? 1 : 0, out);
    return out;
  }

  #withoutPeers(block: WindowBlock, whole: Spans, keepRow: boolean): Frame {
    const parts = around(block, whole, block.spans(this.#call.orderKeys));
    if (!keepRow) return parts;
    const { starts, ends } = rowsThemselves(block);
    const own = { starts: block.u32(), ends: block.u32() };
    const { u32 } = block.memory;
    const [from, to] = [whole.starts >>> 2, whole.ends >>> 2];
    for (let row = 0; row < block.length; row++) {
      const inside = u32[from + row]! <= row && row < u32[to + row]!;
      u32[(own.starts >>> 2) + row] = u32[(starts >>> 2) + row]!;
      u32[(own.ends >>> 2) + row] = inside ? u32[(ends >>> 2) + row]! : 0;
    }
    return [parts[0]!, own, parts[1]!];
  }
}

function rowBound(block: WindowBlock, offset: number): Ptr {
  return block.once(`row ${offset}`, () => {
    const out = block.u32();
    const { starts, ends } = block.partitions;
    block.memory.kernels.rowBounds(starts, ends, block.length, offset, out);
    return out;
  });
}

function rowsThemselves(block: WindowBlock): Spans {
  return { starts: rowBound(block, 0), ends: rowBound(block, 1) };
}

/** The frame without the rows of a span that holds the row itself: what is before, what is after. */
function around(block: WindowBlock, whole: Spans, hole: Spans): Frame {
  const [before, after] = [block.u32(), block.u32()];
  const { u32 } = block.memory;
  for (let row = 0; row < block.length; row++) {
    u32[(before >>> 2) + row] = Math.min(u32[(whole.ends >>> 2) + row]!, u32[(hole.starts >>> 2) + row]!);
    u32[(after >>> 2) + row] = Math.max(u32[(whole.starts >>> 2) + row]!, u32[(hole.ends >>> 2) + row]!);
  }
  return [
    { starts: whole.starts, ends: before },
    { starts: after, ends: whole.ends },
  ];
}

/** Where the group of peers begins (or ends) that is so many groups away, within the partition. */
function groupBound(block: WindowBlock, orderKeys: number, distance: number, isEnd: boolean): Ptr {
  const { numbers, count } = block.spanNumbers(orderKeys);
  const { starts, ends } = block.partitions;
  const peers = block.spans(orderKeys);
  const edges = block.arena.alloc((count + 1) * 4);
  const out = block.u32();
  const { u32 } = block.memory;
  const [group, edge] = [numbers >>> 2, edges >>> 2];
  const from = (isEnd ? peers.ends : peers.starts) >>> 2;
  for (let row = 0; row < block.length; row++) u32[edge + u32[group + row]!] = u32[from + row]!;
  for (let row = 0; row < block.length; row++) {
    const [low, high] = [u32[(starts >>> 2) + row]!, u32[(ends >>> 2) + row]!];
    const wanted = u32[group + row]! + distance;
    const [first, last] = [u32[group + low]!, u32[group + high - 1]!];
    u32[(out >>> 2) + row] = wanted < first ? low : wanted > last ? high : u32[edge + wanted]!;
  }
  return out;
}

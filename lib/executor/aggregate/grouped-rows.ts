/** The rows of one batch with the group of each: what accumulators are fed. */
import { GrowableBlock } from "../../kernels/growable-block.ts";
import type { LinearMemory, Ptr } from "../../kernels/memory.ts";

/** Up to so many groups rows are put in order of their group first, so that sums run in registers. */
const orderedGroupsMax = 32;
const orderedRowsMin = 64;
const orderedRowsMax = 65_536;

export interface GroupOrder {
  /** u16 row numbers by group. */
  readonly order: Ptr;
  /** u32, groups + 1. */
  readonly offsets: Ptr;
}

export class GroupedRows {
  readonly #memory: LinearMemory;
  readonly #block: GrowableBlock;
  #order: GroupOrder | undefined;
  length = 0;
  /** u32 a row. */
  groups: Ptr = 0;
  /** Number of groups, those that came with this batch included. */
  count = 0;
  /** Number of groups before this batch. */
  before = 0;

  constructor(memory: LinearMemory) {
    this.#memory = memory;
    this.#block = new GrowableBlock(memory);
  }

  set(groups: Ptr, length: number, before: number, count: number): void {
    this.groups = groups;
    this.length = length;
    this.before = before;
    this.count = count;
    this.#order = undefined;
  }

  /** The rows by group, when there are so few groups that it pays. */
  order(): GroupOrder | undefined {
    const { length, count } = this;
    if (count > orderedGroupsMax || length < orderedRowsMin || length > orderedRowsMax) return undefined;
    if (this.#order) return this.#order;
    const orderBytes = Math.ceil((length * 2 + 16) / 64) * 64;
    const order = this.#block.ensure(orderBytes + 8 * (orderedGroupsMax + 1));
    const offsets = order + orderBytes;
    const ends = offsets + 4 * (orderedGroupsMax + 1);
    this.#memory.kernels.orderByGroup(this.groups, length, count, offsets, ends, order);
    this.#order = { order, offsets };
    return this.#order;
  }

  free(): void {
    this.#block.free();
  }
}

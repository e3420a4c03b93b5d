/**
 * Applies a selection to vectors lazily: values stay where they are until someone needs them side by side.
 * Selections of selections compose; columns that shared a selection share the composed one.
 */
import { GrowableBlock } from "../kernels/growable-block.ts";
import type { LinearMemory, Ptr } from "../kernels/memory.ts";
import type { Batch, Vector } from "./vector.ts";

/** Applies one selection (u32 row numbers, no 0xffffffff) to the columns of one batch at a time. */
export class RowSelector {
  readonly #memory: LinearMemory;
  readonly #blocks: GrowableBlock[] = [];
  /** Composed selections of the current batch, by the selection they refine. */
  readonly #composed = new Map<Ptr, Ptr>();
  #selection: Ptr = 0;
  #count = 0;

  constructor(memory: LinearMemory) {
    this.#memory = memory;
  }

  /** Starts a batch: what earlier selects gave is no longer valid. The selection must outlive their use. */
  begin(selection: Ptr, count: number): void {
    this.#selection = selection;
    this.#count = count;
    this.#composed.clear();
  }

  select(vector: Vector): Vector {
    const length = this.#count;
    switch (vector.kind) {
      case "constant":
        return { ...vector, length };
      case "flat":
      case "dictionary":
        return { kind: "selection", type: vector.type, length, selection: this.#selection, outer: false, base: vector };
      case "selection":
        return { ...vector, length, selection: this.#compose(vector.selection) };
    }
  }

  selectBatch(batch: Batch, selection: Ptr, count: number): Batch {
    this.begin(selection, count);
    return { length: count, columns: batch.columns.map((column) => this.select(column)) };
  }

  free(): void {
    for (const block of this.#blocks) block.free();
    this.#blocks.length = 0;
    this.#composed.clear();
  }

  #compose(inner: Ptr): Ptr {
    const known = this.#composed.get(inner);
    if (known !== undefined) return known;
    const used = this.#composed.size;
    this.#blocks[used] ??= new GrowableBlock(this.#memory);
    const out = this.#blocks[used].ensure(this.#count * 4);
    this.#memory.kernels.gather4(inner, this.#selection, this.#count, out);
    this.#composed.set(inner, out);
    return out;
  }
}

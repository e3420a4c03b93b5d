/** A block that grows when asked for more; its contents are lost when it does. For scratch and outputs reused per batch. */
import type { LinearMemory, Ptr } from "./memory.ts";

export class GrowableBlock {
  readonly #memory: LinearMemory;
  #ptr: Ptr = 0;
  #bytes = 0;

  constructor(memory: LinearMemory) {
    this.#memory = memory;
  }

  /** Room for `bytes` (and slack). Earlier contents are kept only when the block need not grow. */
  ensure(bytes: number): Ptr {
    if (this.#ptr !== 0 && bytes <= this.#bytes) return this.#ptr;
    this.free();
    this.#ptr = this.#memory.alloc(Math.max(bytes, 64));
    this.#bytes = this.#memory.capacity(this.#ptr);
    return this.#ptr;
  }

  get bytes(): number {
    return this.#bytes;
  }

  free(): void {
    this.#memory.free(this.#ptr);
    this.#ptr = 0;
    this.#bytes = 0;
  }
}

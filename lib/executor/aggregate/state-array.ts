/** States of groups side by side, growing by doubling; new ones start as the operation's identity. */
import type { Arena } from "../../kernels/arena.ts";
import type { LinearMemory, Ptr } from "../../kernels/memory.ts";

/** Clearing keeps room of this size, and gives more than that back. */
const keepBytesMax = 256 << 10;

export class StateArray {
  readonly width: 1 | 8 | 16;
  readonly #memory: LinearMemory;
  /** The identity in linear memory; 0 = zeros. */
  readonly #identity: Ptr;
  #ptr: Ptr = 0;
  #length = 0;
  #room = 0;

  constructor(memory: LinearMemory, width: 1 | 8 | 16, identity?: bigint) {
    this.#memory = memory;
    this.width = width;
    this.#identity = identity === undefined || identity === 0n ? 0 : memory.alloc(8);
    if (this.#identity !== 0) memory.i64[this.#identity >>> 3] = BigInt.asIntN(64, identity!);
  }

  /** Where the states lie; growing moves them. */
  get ptr(): Ptr {
    return this.#ptr;
  }

  get bytes(): number {
    return this.#room * this.width;
  }

  at(group: number): Ptr {
    return this.#ptr + group * this.width;
  }

  /** Holds states for at least `groups`. */
  reserve(groups: number): void {
    if (groups <= this.#length) return;
    if (groups > this.#room) {
      const room = Math.max(groups, this.#room * 2, 64);
      this.#ptr = this.#memory.resize(this.#ptr, room * this.width, this.#length * this.width);
      this.#room = room;
    }
    // All room is filled at once: groups come a few at a time.
    this.#fill(this.#length, this.#room);
    this.#length = this.#room;
  }

  /** Every state is the identity again. */
  clear(): void {
    if (this.bytes <= keepBytesMax) this.#fill(0, this.#length);
    else this.#release();
  }

  /** A copy of states start … start + n − 1. */
  copy(start: number, n: number, arena: Arena): Ptr {
    const out = arena.alloc(n * this.width);
    const from = this.at(start);
    this.#memory.u8.copyWithin(out, from, from + n * this.width);
    return out;
  }

  free(): void {
    this.#release();
    this.#memory.free(this.#identity);
  }

  #release(): void {
    this.#memory.free(this.#ptr);
    this.#ptr = 0;
    this.#length = 0;
    this.#room = 0;
  }

  #fill(from: number, to: number): void {
    const at = this.at(from);
    if (this.#identity === 0) this.#memory.u8.fill(0, at, this.at(to));
    else this.#memory.kernels.fill8(this.#identity, ((to - from) * this.width) / 8, at);
  }
}

/** A group of blocks that live and die together; small requests share chunks. */
import type { LinearMemory, Ptr } from "./memory.ts";

const chunkBytes = 256 << 10;
const alignment = 16;
const slackBytes = 64;

export class Arena {
  readonly memory: LinearMemory;
  #blocks: Ptr[] = [];
  #next = 0;
  #end = 0;
  #bytes = 0;

  constructor(memory: LinearMemory) {
    this.memory = memory;
  }

  /** Bytes taken from the memory. */
  get bytes(): number {
    return this.#bytes;
  }

  /** 16-byte aligned room for `bytes`, followed by 64 bytes of slack. Not cleared. */
  alloc(bytes: number): Ptr {
    const size = Math.ceil((bytes + slackBytes) / alignment) * alignment;
    if (size > chunkBytes / 4) return this.#block(bytes);
    if (this.#next + size > this.#end) {
      this.#next = this.#block(chunkBytes);
      this.#end = this.#next + chunkBytes;
    }
    const ptr = this.#next;
    this.#next += size;
    return ptr;
  }

  allocZeroed(bytes: number): Ptr {
    const ptr = this.alloc(bytes);
    this.memory.u8.fill(0, ptr, ptr + bytes + slackBytes);
    return ptr;
  }

  /** Gives everything back; the arena can be used again. */
  free(): void {
    for (const ptr of this.#blocks) this.memory.free(ptr);
    this.#blocks = [];
    this.#next = 0;
    this.#end = 0;
    this.#bytes = 0;
  }

  #block(bytes: number): Ptr {
    const ptr = this.memory.alloc(bytes);
    this.#blocks.push(ptr);
    this.#bytes += this.memory.capacity(ptr);
    return ptr;
  }
}

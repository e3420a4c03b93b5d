/**
 * One executor's linear memory: the kernels instantiated over it, typed views of it, and its allocator.
 * A pointer is a byte offset; 0 is never a valid block. Every block is 64-byte aligned and followed by ≥ 64 bytes that
 * may be read and written freely, so kernels can load and store whole vectors at its end.
 */
import { readFileSync } from "node:fs";
import { memoryHint, QueryError } from "../errors.ts";
import type { KernelExports } from "./exports.gen.ts";

export type Ptr = number;

const wasmPageBytes = 65536;
const granuleBytes = 4096;
const slackBytes = 64;
const growBytesMin = 16 << 20;

let compiled: WebAssembly.Module | undefined;

/** The compiled kernels, from the file beside this one (or beside the bundle). Shareable with worker threads. */
export function kernelModule(): WebAssembly.Module {
  compiled ??= new WebAssembly.Module(readFileSync(new URL("./kernels.wasm", import.meta.url)));
  return compiled;
}

/** Hands over a module that another thread compiled, so that this one need not. */
export function useKernelModule(module: WebAssembly.Module): void {
  compiled = module;
}

export class LinearMemory {
  readonly memory: WebAssembly.Memory;
  readonly kernels: KernelExports;
  /** The largest size this memory may grow to. */
  readonly limitBytes: number;
  usedBytes = 0;
  peakBytes = 0;
  #sizes = new Map<Ptr, number>();
  /** Free blocks in address order: no two touch. */
  #freeStart: number[] = [];
  #freeSize: number[] = [];
  #end: number;
  #u8!: Uint8Array;
  #i8!: Int8Array;
  #u16!: Uint16Array;
  #i16!: Int16Array;
  #u32!: Uint32Array;
  #i32!: Int32Array;
  #f32!: Float32Array;
  #f64!: Float64Array;
  #i64!: BigInt64Array;
  #view!: DataView;

  constructor(options: { readonly limitBytes?: number } = {}) {
    this.limitBytes = Math.min(options.limitBytes ?? 4 * 1024 ** 3 - wasmPageBytes, 4 * 1024 ** 3 - wasmPageBytes);
    this.memory = new WebAssembly.Memory({ initial: 2, maximum: 65536 });
    const instance = new WebAssembly.Instance(kernelModule(), { env: { memory: this.memory } });
    this.kernels = instance.exports as unknown as KernelExports;
    (instance.exports.start as () => void)();
    this.#end = Math.ceil(this.kernels.heapBase() / granuleBytes) * granuleBytes;
    this.#refresh();
    const top = this.memory.buffer.byteLength;
    if (top > this.#end) this.#release(this.#end, top - this.#end);
    this.#end = top;
  }

  /** Views over the whole memory. Growth replaces them: never keep one across an allocation. */
  get u8(): Uint8Array {
    return this.#u8;
  }
  get i8(): Int8Array {
    return this.#i8;
  }
  get u16(): Uint16Array {
    return this.#u16;
  }
  get i16(): Int16Array {
    return this.#i16;
  }
  get u32(): Uint32Array {
    return this.#u32;
  }
  get i32(): Int32Array {
    return this.#i32;
  }
  get f32(): Float32Array {
    return this.#f32;
  }
  get f64(): Float64Array {
    return this.#f64;
  }
  get i64(): BigInt64Array {
    return this.#i64;
  }
  get view(): DataView {
    return this.#view;
  }

  /** A block of at least `bytes` (plus slack), not cleared. @throws QueryError out_of_memory */
  alloc(bytes: number): Ptr {
    const size = Math.ceil((bytes + slackBytes) / granuleBytes) * granuleBytes;
    const ptr = this.#take(size) ?? this.#growFor(size);
    this.#sizes.set(ptr, size);
    this.usedBytes += size;
    if (this.usedBytes > this.peakBytes) this.peakBytes = this.usedBytes;
    return ptr;
  }

  /** Like alloc, filled with zeros. */
  allocZeroed(bytes: number): Ptr {
    const ptr = this.alloc(bytes);
    this.#u8.fill(0, ptr, ptr + bytes + slackBytes);
    return ptr;
  }

  /** Gives a block back. 0 is ignored. */
  free(ptr: Ptr): void {
    if (ptr === 0) return;
    const size = this.#sizes.get(ptr);
    if (size === undefined) throw new QueryError("internal", `free of ${ptr}, which is not allocated`);
    this.#sizes.delete(ptr);
    this.usedBytes -= size;
    this.#release(ptr, size);
  }

  /** Usable bytes of a block. */
  capacity(ptr: Ptr): number {
    return (this.#sizes.get(ptr) ?? 0) - slackBytes;
  }

  /** Moves a block to a larger one, keeping the first `keepBytes`. Returns the new pointer. */
  resize(ptr: Ptr, bytes: number, keepBytes: number): Ptr {
    if (ptr !== 0 && this.capacity(ptr) >= bytes) return ptr;
    const to = this.alloc(bytes);
    if (ptr !== 0) {
      this.#u8.copyWithin(to, ptr, ptr + keepBytes);
      this.free(ptr);
    }
    return to;
  }

  /** Whether a block of so many bytes can be had in one piece. */
  hasRoom(bytes: number): boolean {
    const size = Math.ceil((bytes + slackBytes) / granuleBytes) * granuleBytes;
    return size <= this.limitBytes - this.#end + this.#tailBytes || this.#freeSize.some((have) => have >= size);
  }

  /** Free bytes at the end: growing only has to add to them. */
  get #tailBytes(): number {
    const last = this.#freeStart.length - 1;
    if (last < 0 || this.#freeStart[last]! + this.#freeSize[last]! !== this.#end) return 0;
    return this.#freeSize[last]!;
  }

  /** Best fit among the free blocks. */
  #take(size: number): Ptr | undefined {
    let best = -1;
    for (let i = 0; i < this.#freeSize.length; i++) {
      const have = this.#freeSize[i]!;
      if (have >= size && (best < 0 || have < this.#freeSize[best]!)) best = i;
      if (have === size) break;
    }
    if (best < 0) return undefined;
    const start = this.#freeStart[best]!;
    if (this.#freeSize[best] === size) {
      this.#freeStart.splice(best, 1);
      this.#freeSize.splice(best, 1);
    } else {
      this.#freeStart[best] = start + size;
      this.#freeSize[best]! -= size;
    }
    return start;
  }

  #growFor(size: number): Ptr {
    const room = this.limitBytes - this.#end;
    const missing = size - this.#tailBytes;
    const wanted = Math.max(missing, Math.min(growBytesMin, room));
    const pages = Math.ceil(wanted / wasmPageBytes);
    if (missing > room || this.#end + pages * wasmPageBytes > 4 * 1024 ** 3 - wasmPageBytes)
      throw this.#outOfMemory(size);
    try {
      this.memory.grow(pages);
    } catch {
      throw this.#outOfMemory(size);
    }
    this.#refresh();
    this.#release(this.#end, pages * wasmPageBytes);
    this.#end += pages * wasmPageBytes;
    return this.#take(size)!;
  }

  #outOfMemory(size: number): QueryError {
    const mib = (bytes: number) => `${Math.ceil(bytes / 2 ** 20)} MiB`;
    return new QueryError(
      "out_of_memory",
      `an executor needs ${mib(size)} more, and holds ${mib(this.usedBytes)} of its ${mib(this.limitBytes)}`,
      { hint: memoryHint },
    );
  }

  #release(start: number, size: number): void {
    let low = 0;
    let high = this.#freeStart.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#freeStart[middle]! < start) low = middle + 1;
      else high = middle;
    }
    const joinsNext = low < this.#freeStart.length && start + size === this.#freeStart[low];
    const joinsPrevious = low > 0 && this.#freeStart[low - 1]! + this.#freeSize[low - 1]! === start;
    if (joinsPrevious) {
      this.#freeSize[low - 1]! += size;
      if (!joinsNext) return;
      this.#freeSize[low - 1]! += this.#freeSize[low]!;
      this.#freeStart.splice(low, 1);
      this.#freeSize.splice(low, 1);
    } else if (joinsNext) {
      this.#freeStart[low] = start;
      this.#freeSize[low]! += size;
    } else {
      this.#freeStart.splice(low, 0, start);
      this.#freeSize.splice(low, 0, size);
    }
  }

  #refresh(): void {
    const buffer = this.memory.buffer;
    this.#u8 = new Uint8Array(buffer);
    this.#i8 = new Int8Array(buffer);
    this.#u16 = new Uint16Array(buffer);
    this.#i16 = new Int16Array(buffer);
    this.#u32 = new Uint32Array(buffer);
    this.#i32 = new Int32Array(buffer);
    this.#f32 = new Float32Array(buffer);
    this.#f64 = new Float64Array(buffer);
    this.#i64 = new BigInt64Array(buffer);
    this.#view = new DataView(buffer);
  }
}

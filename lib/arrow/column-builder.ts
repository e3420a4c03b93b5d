/** A flat column that grows: rows of other vectors are copied to its end, strings with their bytes. */
import { QueryError } from "../errors.ts";
import type { LinearMemory, Ptr } from "../kernels/memory.ts";
import { type DataType, type PhysicalKind, physicalBytes, physicalKind } from "./types.ts";
import type { FlatVector } from "./vector.ts";

const heapBytesMin = 16 << 10;
const heapBytesMax = 4 << 20;
const rowsMin = 64;

interface HeapBlock {
  readonly ptr: Ptr;
  readonly bytes: number;
}

export class ColumnBuilder {
  readonly type: DataType;
  readonly #memory: LinearMemory;
  /** Decimals of more than 18 digits start narrow (i64) and become i128 with the first wide vector. */
  #physical: PhysicalKind;
  #length = 0;
  #capacity = 0;
  #data: Ptr = 0;
  /** 0 until the first vector with a validity. */
  #validity: Ptr = 0;
  /** Blocks with the bytes of strings; the last one is being filled. */
  #heap: HeapBlock[] = [];
  #heapNext = 0;
  #heapBytes = 0;

  constructor(memory: LinearMemory, type: DataType) {
    this.#memory = memory;
    this.type = type;
    this.#physical = this.#initialPhysical();
  }

  get length(): number {
    return this.#length;
  }

  /** Bytes in use: values, validity, strings. */
  get bytes(): number {
    return this.#length * (physicalBytes[this.#physical] + 1) + this.#heapBytes;
  }

  /** Copies `count` rows of a flat vector: those of the u32 row numbers at `rows`, or the first ones when it is 0. */
  append(vector: FlatVector, rows: Ptr, count: number): void {
    if (vector.physical !== this.#physical) this.#convert(vector.physical);
    this.#reserve(this.#length + count);
    const physical = vector.physical === this.#physical ? undefined : vector.physical;
    if (physical !== undefined) this.#appendNarrow(vector, rows, count);
    else if (this.#physical === "view") this.#appendViews(vector, rows, count);
    else this.#copy(vector.data, physicalBytes[this.#physical], rows, count, this.#end());
    this.#appendValidity(vector.validity, rows, count);
    this.#length += count;
  }

  /** The column so far; valid until the next append or clear. */
  vector(): FlatVector {
    const { type } = this;
    return {
      kind: "flat",
      type,
      physical: this.#physical,
      length: this.#length,
      data: this.#data,
      validity: this.#validity,
    };
  }

  /** Forgets the rows and keeps the room. */
  clear(): void {
    this.#length = 0;
    this.#memory.free(this.#validity);
    this.#validity = 0;
    // The last block is the largest: strings of the next rows start there.
    const last = this.#heap.pop();
    for (const { ptr } of this.#heap) this.#memory.free(ptr);
    this.#heap = last ? [last] : [];
    this.#heapNext = last?.ptr ?? 0;
    this.#heapBytes = 0;
  }

  free(): void {
    this.clear();
    this.#memory.free(this.#data);
    for (const { ptr } of this.#heap) this.#memory.free(ptr);
    this.#heap = [];
    this.#data = 0;
    this.#capacity = 0;
    this.#physical = this.#initialPhysical();
  }

  #initialPhysical(): PhysicalKind {
    return this.type.kind === "decimal" ? "i64" : physicalKind(this.type);
  }

  #end(): Ptr {
    return this.#data + this.#length * physicalBytes[this.#physical];
  }

  #reserve(rows: number): void {
    if (rows <= this.#capacity) return;
    const capacity = Math.max(rows, Math.min(this.#capacity * 2, this.#capacity + (1 << 22)), rowsMin);
    const width = physicalBytes[this.#physical];
    this.#data = this.#memory.resize(this.#data, capacity * width, this.#length * width);
    if (this.#validity !== 0) this.#validity = this.#memory.resize(this.#validity, capacity, this.#length);
    this.#capacity = capacity;
  }

  /** Makes the column wide, unless it is and the new rows are narrow. */
  #convert(physical: PhysicalKind): void {
    if (this.#physical === "i128" && physical === "i64") return;
    if (this.#physical !== "i64" || physical !== "i128") {
      throw new QueryError("internal", `a column of ${this.#physical} cannot take ${physical}`);
    }
    const wide = this.#memory.alloc(Math.max(this.#capacity, rowsMin) * 16);
    if (this.#length > 0) this.#memory.kernels.widen8to16(this.#data, this.#length, wide);
    this.#memory.free(this.#data);
    this.#data = wide;
    this.#capacity = Math.max(this.#capacity, rowsMin);
    this.#physical = "i128";
  }

  #appendNarrow(vector: FlatVector, rows: Ptr, count: number): void {
    const scratch = rows === 0 ? 0 : this.#memory.alloc(count * 8);
    if (rows !== 0) this.#memory.kernels.gather8(vector.data, rows, count, scratch);
    this.#memory.kernels.widen8to16(rows === 0 ? vector.data : scratch, count, this.#end());
    this.#memory.free(scratch);
  }

  #appendViews({ data, validity }: FlatVector, rows: Ptr, count: number): void {
    const { kernels } = this.#memory;
    const bytes = kernels.viewBytes(data, rows, validity, count);
    const block = this.#heap.at(-1);
    if (block === undefined || this.#heapNext + bytes > block.ptr + block.bytes) this.#growHeap(bytes);
    this.#heapNext = kernels.appendViews(data, rows, validity, count, this.#end(), this.#heapNext);
    this.#heapBytes += bytes;
  }

  #growHeap(bytes: number): void {
    const doubled = Math.min((this.#heap.at(-1)?.bytes ?? heapBytesMin / 2) * 2, heapBytesMax);
    const ptr = this.#memory.alloc(Math.max(bytes, doubled));
    this.#heap.push({ ptr, bytes: this.#memory.capacity(ptr) });
    this.#heapNext = ptr;
  }

  #appendValidity(validity: Ptr, rows: Ptr, count: number): void {
    if (validity === 0 && this.#validity === 0) return;
    if (this.#validity === 0) {
      this.#validity = this.#memory.alloc(this.#capacity);
      this.#memory.u8.fill(1, this.#validity, this.#validity + this.#length);
    }
    const end = this.#validity + this.#length;
    if (validity === 0) this.#memory.u8.fill(1, end, end + count);
    else this.#copy(validity, 1, rows, count, end);
  }

  #copy(values: Ptr, width: number, rows: Ptr, count: number, out: Ptr): void {
    const { kernels } = this.#memory;
    if (rows === 0) this.#memory.u8.copyWithin(out, values, values + count * width);
    else if (width === 1) kernels.gather1(values, rows, count, out);
    else if (width === 2) kernels.gather2(values, rows, count, out);
    else if (width === 4) kernels.gather4(values, rows, count, out);
    else if (width === 8) kernels.gather8(values, rows, count, out);
    else kernels.gather16(values, rows, count, out);
  }
}

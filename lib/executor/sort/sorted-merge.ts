/** Merges sorted streams into one, on normalised keys with a heap of cursors, one for each stream. */
import { FlattenBuffer } from "../../arrow/flatten.ts";
import { type DataType, type PhysicalKind, physicalBytes, physicalKind } from "../../arrow/types.ts";
import type { Batch, FlatVector, Vector } from "../../arrow/vector.ts";
import { Arena } from "../../kernels/arena.ts";
import { GrowableBlock } from "../../kernels/growable-block.ts";
import type { LinearMemory, Ptr } from "../../kernels/memory.ts";
import { type KeyOrder, SortKeyEncoder } from "./sort-keys.ts";

/** A sorted stream; what it gives is valid until the next call. */
export interface SortedSource {
  next(): Promise<{ readonly batch: Batch; readonly keys: readonly Vector[] } | null>;
  close(): Promise<void>;
}

export interface SortedMergeOptions {
  /** Types of the columns to give; sources may have more columns after them. */
  readonly types: readonly DataType[];
  readonly orders: readonly KeyOrder[];
  readonly batchRows: number;
}

const cursorBytes = 24;
const cursorField = { starts: 8, position: 12, rows: 16 } as const;

export class SortedMerge {
  readonly #memory: LinearMemory;
  readonly #options: SortedMergeOptions;
  readonly #inputs: readonly MergeInput[];
  readonly #arena: Arena;
  readonly #cursors: Ptr;
  readonly #heap: Ptr;
  readonly #bases: Ptr;
  readonly #from: Ptr;
  readonly #rows: Ptr;
  readonly #data: readonly GrowableBlock[];
  readonly #validity: readonly GrowableBlock[];
  #heapSize = 0;
  #started = false;

  constructor(memory: LinearMemory, sources: readonly SortedSource[], options: SortedMergeOptions) {
    this.#memory = memory;
    this.#options = options;
    this.#inputs = sources.map((source) => new MergeInput(memory, source, options));
    this.#arena = new Arena(memory);
    this.#cursors = this.#arena.allocZeroed(sources.length * cursorBytes);
    this.#heap = this.#arena.alloc(sources.length * 4);
    this.#bases = this.#arena.alloc(sources.length * 4);
    this.#from = this.#arena.alloc(options.batchRows * 4);
    this.#rows = this.#arena.alloc(options.batchRows * 4);
    this.#data = options.types.map(() => new GrowableBlock(memory));
    this.#validity = options.types.map(() => new GrowableBlock(memory));
  }

  /** The next rows, valid until the next call; null at the end. */
  async next(): Promise<Batch | null> {
    if (!this.#started) await this.#start();
    else await this.#refill();
    if (this.#heapSize === 0) return null;
    const { kernels } = this.#memory;
    const { batchRows } = this.#options;
    const count = kernels.mergeCursors(this.#cursors, this.#heap, this.#heapSize, batchRows, this.#from, this.#rows);
    return { length: count, columns: this.#options.types.map((type, index) => this.#column(type, index, count)) };
  }

  async close(): Promise<void> {
    this.#arena.free();
    for (const block of [...this.#data, ...this.#validity]) block.free();
    for (const input of this.#inputs) await input.close();
  }

  async #start(): Promise<void> {
    this.#started = true;
    for (const id of this.#inputs.keys()) {
      if (!(await this.#load(id))) continue;
      this.#memory.u32[(this.#heap >>> 2) + this.#heapSize++] = id;
    }
    for (let at = (this.#heapSize >>> 1) - 1; at >= 0; at--) this.#sift(at);
  }

  /** When the first cursor has used up its batch: gives it the next one, or takes it off the heap. */
  async #refill(): Promise<void> {
    if (this.#heapSize === 0) return;
    const heap = this.#heap >>> 2;
    const id = this.#memory.u32[heap]!;
    const cursor = (this.#cursors + id * cursorBytes) >>> 2;
    if (this.#memory.u32[cursor + cursorField.position / 4]! < this.#memory.u32[cursor + cursorField.rows / 4]!) return;
    if (!(await this.#load(id))) {
      this.#heapSize--;
      this.#memory.u32[heap] = this.#memory.u32[heap + this.#heapSize]!;
    }
    if (this.#heapSize > 0) this.#sift(0);
  }

  async #load(id: number): Promise<boolean> {
    const loaded = await this.#inputs[id]!.load();
    if (loaded === undefined) return false;
    const cursor = (this.#cursors + id * cursorBytes) >>> 2;
    this.#memory.u32[cursor + cursorField.starts / 4] = loaded.starts;
    this.#memory.u32[cursor + cursorField.position / 4] = 0;
    this.#memory.u32[cursor + cursorField.rows / 4] = loaded.rows;
    this.#memory.kernels.loadCursor(this.#cursors, id);
    return true;
  }

  #sift(at: number): void {
    this.#memory.kernels.siftCursors(this.#cursors, this.#heap, this.#heapSize, at);
  }

  #column(type: DataType, index: number, count: number): FlatVector {
    const { kernels } = this.#memory;
    const physical = physicalKind(type);
    const data = this.#data[index]!.ensure(count * physicalBytes[physical]);
    this.#setBases((input) => input.columns[index]?.data ?? 0);
    gatherFrom(this.#memory, physical)(this.#bases, this.#from, this.#rows, count, data);
    let validity: Ptr = 0;
    if (this.#inputs.some((input) => (input.columns[index]?.validity ?? 0) !== 0)) {
      validity = this.#validity[index]!.ensure(count);
      this.#setBases((input) => input.columns[index]?.validity ?? 0);
      kernels.gatherValidityFrom(this.#bases, this.#from, this.#rows, count, validity);
    }
    return { kind: "flat", type, physical, length: count, data, validity };
  }

  #setBases(base: (input: MergeInput) => Ptr): void {
    const { u32 } = this.#memory;
    for (const [id, input] of this.#inputs.entries()) u32[(this.#bases >>> 2) + id] = base(input);
  }
}

/** One stream's current batch: flat, and with its keys. */
class MergeInput {
  readonly #source: SortedSource;
  readonly #types: readonly DataType[];
  readonly #columns: readonly FlattenBuffer[];
  readonly #keys: readonly FlattenBuffer[];
  readonly #encoder: SortKeyEncoder;
  columns: readonly FlatVector[] = [];

  constructor(memory: LinearMemory, source: SortedSource, { types, orders }: SortedMergeOptions) {
    this.#source = source;
    this.#types = types;
    this.#columns = types.map(() => new FlattenBuffer(memory));
    this.#keys = orders.map(() => new FlattenBuffer(memory));
    this.#encoder = new SortKeyEncoder(memory, orders);
  }

  async load(): Promise<{ starts: Ptr; rows: number } | undefined> {
    const next = await this.#source.next();
    if (next === null) {
      this.columns = [];
      return undefined;
    }
    const { batch, keys } = next;
    // Every stream must have the same layout: wide decimals are wide everywhere.
    const wide = (buffer: FlattenBuffer, vector: Vector) => buffer.toPhysical(vector, physicalKind(vector.type));
    this.columns = this.#types.map((_, index) => wide(this.#columns[index]!, batch.columns[index]!));
    const flatKeys = keys.map((key, index) => wide(this.#keys[index]!, key));
    return { starts: this.#encoder.encode(flatKeys, batch.length, true).starts, rows: batch.length };
  }

  async close(): Promise<void> {
    for (const buffer of [...this.#columns, ...this.#keys]) buffer.free();
    this.#encoder.free();
    await this.#source.close();
  }
}

type GatherFrom = (bases: Ptr, cursors: Ptr, rows: Ptr, n: number, out: Ptr) => void;

function gatherFrom({ kernels }: LinearMemory, physical: PhysicalKind): GatherFrom {
  switch (physicalBytes[physical]) {
    case 1:
      return kernels.gatherFrom1;
    case 2:
      return kernels.gatherFrom2;
    case 4:
      return kernels.gatherFrom4;
    case 8:
      return kernels.gatherFrom8;
    default:
      return kernels.gatherFrom16;
  }
}

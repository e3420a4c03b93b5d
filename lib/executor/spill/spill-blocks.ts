/**
 * Rows on the scratch disk: blocks of flat columns, written and read by the same task.
 * A block: u32 rows; then per column u8 physical kind, u8 whether validity follows, the validity bytes, the values
 * (views as u32 lengths, u32 total, then the bytes).
 */
import { FlattenBuffer } from "../../arrow/flatten.ts";
import { type DataType, type PhysicalKind, physicalBytes } from "../../arrow/types.ts";
import type { FlatVector, Vector } from "../../arrow/vector.ts";
import type { Arena } from "../../kernels/arena.ts";
import type { LinearMemory } from "../../kernels/memory.ts";
import type { SpillStore } from "../operator/operator.ts";

const kinds: readonly PhysicalKind[] = ["bool", "i8", "i16", "i32", "i64", "i128", "f32", "f64", "interval", "view"];
const bufferBytesMax = 256 << 10;

interface Block {
  readonly offset: number;
  readonly bytes: number;
  readonly rows: number;
}

/** One file of blocks: written to the end, then read in order, as often as needed. */
export class SpillFile {
  readonly #store: SpillStore;
  readonly #name: string;
  readonly #blocks: Block[] = [];
  #buffered: Uint8Array[] = [];
  #bufferedBytes = 0;
  #written = 0;
  rows = 0;

  constructor(store: SpillStore, prefix: string) {
    this.#store = store;
    this.#name = store.name(prefix);
  }

  get blocks(): number {
    return this.#blocks.length;
  }

  get bytes(): number {
    return this.#written + this.#bufferedBytes;
  }

  async append(memory: LinearMemory, columns: readonly FlatVector[], rows: number): Promise<void> {
    const bytes = encodeBlock(memory, columns, rows);
    this.#blocks.push({ offset: this.#written + this.#bufferedBytes, bytes: bytes.length, rows });
    this.rows += rows;
    this.#buffered.push(bytes);
    this.#bufferedBytes += bytes.length;
    if (this.#bufferedBytes > bufferBytesMax) await this.flush();
  }

  /** Writes what is buffered; must be done before reading. */
  async flush(): Promise<void> {
    if (this.#bufferedBytes === 0) return;
    const all = Buffer.concat(this.#buffered, this.#bufferedBytes);
    this.#buffered = [];
    this.#written += this.#bufferedBytes;
    this.#bufferedBytes = 0;
    await this.#store.append(this.#name, all);
  }

  /** Block i as vectors in memory of the arena. */
  async read(i: number, types: readonly DataType[], arena: Arena): Promise<{ rows: number; columns: FlatVector[] }> {
    const { offset, bytes, rows } = this.#blocks[i]!;
    return { rows, columns: decodeBlock(await this.#store.read(this.#name, offset, bytes), types, rows, arena) };
  }

  async remove(): Promise<void> {
    this.#buffered = [];
    this.#bufferedBytes = 0;
    if (this.#written > 0) await this.#store.remove(this.#name);
  }
}

/** Writes batches of any vectors to a spill file. */
export class SpillWriter {
  readonly file: SpillFile;
  readonly #memory: LinearMemory;
  readonly #buffers: FlattenBuffer[] = [];

  constructor(memory: LinearMemory, store: SpillStore, prefix: string) {
    this.#memory = memory;
    this.file = new SpillFile(store, prefix);
  }

  async append(columns: readonly Vector[], rows: number): Promise<void> {
    const flat = columns.map((column, i) => {
      this.#buffers[i] ??= new FlattenBuffer(this.#memory);
      return this.#buffers[i].flatten(column);
    });
    await this.file.append(this.#memory, flat, rows);
  }

  /** Ends writing: the file can be read. */
  async finish(): Promise<SpillFile> {
    this.free();
    await this.file.flush();
    return this.file;
  }

  free(): void {
    for (const buffer of this.#buffers.splice(0)) buffer.free();
  }
}

function encodeBlock(memory: LinearMemory, columns: readonly FlatVector[], rows: number): Uint8Array {
  const sizes = columns.map(({ physical, validity, data }) => {
    const values = physical === "view" ? 4 + rows * 4 + memory.kernels.keyViewBytes(data, 0, validity, rows) : 0;
    return 2 + (validity === 0 ? 0 : rows) + (physical === "view" ? values : rows * physicalBytes[physical]);
  });
  const out = new Uint8Array(4 + sizes.reduce((a, b) => a + b, 0));
  const view = new DataView(out.buffer);
  view.setUint32(0, rows, true);
  let at = 4;
  for (const column of columns) at = encodeColumn(memory, column, rows, out, view, at);
  return out;
}

function encodeColumn(
  memory: LinearMemory,
  { physical, data, validity }: FlatVector,
  rows: number,
  out: Uint8Array,
  view: DataView,
  start: number,
): number {
  let at = start;
  out[at++] = kinds.indexOf(physical);
  out[at++] = validity === 0 ? 0 : 1;
  const { u8, u32 } = memory;
  if (validity !== 0) {
    out.set(u8.subarray(validity, validity + rows), at);
    at += rows;
  }
  if (physical !== "view") {
    const bytes = rows * physicalBytes[physical];
    out.set(u8.subarray(data, data + bytes), at);
    return at + bytes;
  }
  let to = at + rows * 4 + 4;
  const first = to;
  for (let row = 0; row < rows; row++) {
    const length = validity === 0 || u8[validity + row] === 1 ? u32[(data >>> 2) + row * 2 + 1]! : 0;
    const from = u32[(data >>> 2) + row * 2]!;
    view.setUint32(at + row * 4, length, true);
    out.set(u8.subarray(from, from + length), to);
    to += length;
  }
  view.setUint32(at + rows * 4, to - first, true);
  return to;
}

function decodeBlock(bytes: Uint8Array, types: readonly DataType[], rows: number, arena: Arena): FlatVector[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { memory } = arena;
  let at = 4;
  /** Copies the next n bytes into the arena. */
  const take = (n: number) => {
    const ptr = arena.alloc(n);
    memory.u8.set(bytes.subarray(at, at + n), ptr);
    at += n;
    return ptr;
  };
  return types.map((type): FlatVector => {
    const physical = kinds[bytes[at]!]!;
    const hasValidity = bytes[at + 1] === 1;
    at += 2;
    const validity = hasValidity ? take(rows) : 0;
    if (physical !== "view") {
      return { kind: "flat", type, physical, length: rows, data: take(rows * physicalBytes[physical]), validity };
    }
    const lengths = take(rows * 4);
    const total = view.getUint32(at, true);
    at += 4;
    const text = take(total);
    const data = arena.alloc(rows * 8);
    memory.kernels.viewsOfLengths(lengths, rows, text, data);
    return { kind: "flat", type, physical, length: rows, data, validity };
  });
}

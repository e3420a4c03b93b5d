/** Rows kept column by column in flat blocks that grow: a join's build side. Owns everything it holds. */
import { FlattenBuffer } from "../../arrow/flatten.ts";
import { type DataType, type PhysicalKind, physicalBytes, physicalKind } from "../../arrow/types.ts";
import type { DictionaryVector, FlatVector, Vector } from "../../arrow/vector.ts";
import { Arena } from "../../kernels/arena.ts";
import type { LinearMemory, Ptr } from "../../kernels/memory.ts";

const roomMin = 256;
/** A dictionary is copied as a whole when it has no more entries than this many times the rows that use it. */
const dictionaryEntriesPerRow = 4;

export class ColumnStore {
  readonly #columns: readonly StoredColumn[];
  #rows = 0;

  constructor(memory: LinearMemory, types: readonly DataType[]) {
    this.#columns = types.map((type) => new StoredColumn(memory, type));
  }

  get rows(): number {
    return this.#rows;
  }

  get bytes(): number {
    return this.#columns.reduce((sum, column) => sum + column.bytes, 0);
  }

  /** About the bytes that n more rows take, at once: blocks grow by doubling. */
  growthBytes(n: number): number {
    return this.#columns.reduce((sum, column) => sum + column.growthBytes(this.#rows, n), 0);
  }

  append(columns: readonly Vector[], n: number): void {
    this.#columns.forEach((column, i) => {
      column.append(columns[i]!, this.#rows, n);
    });
    this.#rows += n;
  }

  /** All rows of a column; valid until the next append. */
  column(i: number): FlatVector {
    return this.#columns[i]!.vector(0, this.#rows);
  }

  /** Rows start … start + n − 1 of a column; valid until the next append. */
  slice(i: number, start: number, n: number): FlatVector {
    return this.#columns[i]!.vector(start, n);
  }

  clear(): void {
    for (const column of this.#columns) column.free();
    this.#rows = 0;
  }
}

class StoredColumn {
  readonly #memory: LinearMemory;
  readonly #type: DataType;
  readonly #flatten: FlattenBuffer;
  readonly #text: Arena;
  /** Copied views of whole dictionaries, by dictionary id. */
  readonly #dictionaries = new Map<number, Ptr>();
  #physical: PhysicalKind;
  #data: Ptr = 0;
  #validity: Ptr = 0;
  #room = 0;

  constructor(memory: LinearMemory, type: DataType) {
    this.#memory = memory;
    this.#type = type;
    this.#flatten = new FlattenBuffer(memory);
    this.#text = new Arena(memory);
    this.#physical = physicalKind(type);
    // Wide decimals stay narrow until a value needs more.
    if (this.#physical === "i128") this.#physical = "i64";
  }

  get #width(): number {
    return physicalBytes[this.#physical];
  }

  get bytes(): number {
    return this.#room * (this.#width + (this.#validity === 0 ? 0 : 1)) + this.#text.bytes;
  }

  growthBytes(rows: number, n: number): number {
    const text = this.#physical === "view" ? (rows === 0 ? 16 : this.#text.bytes / rows) * n : 0;
    return text + (rows + n > this.#room ? Math.max(rows + n, this.#room * 2) * (this.#width + 1) : 0);
  }

  append(vector: Vector, rows: number, n: number): void {
    const flat = this.#copyText(vector);
    if (flat.physical === "i128" && this.#physical === "i64") this.#widen(rows);
    const usable = flat.physical === this.#physical ? flat : this.#flatten.toPhysical(flat, this.#physical);
    this.#reserve(rows, n);
    if (usable.validity !== 0 && this.#validity === 0) {
      this.#validity = this.#memory.alloc(this.#room);
      this.#memory.u8.fill(1, this.#validity, this.#validity + rows);
    }
    const { u8 } = this.#memory;
    u8.copyWithin(this.#data + rows * this.#width, usable.data, usable.data + n * this.#width);
    if (this.#validity === 0) return;
    const to = this.#validity + rows;
    if (usable.validity === 0) u8.fill(1, to, to + n);
    else u8.copyWithin(to, usable.validity, usable.validity + n);
  }

  vector(start: number, length: number): FlatVector {
    const data = this.#data + start * this.#width;
    const validity = this.#validity === 0 ? 0 : this.#validity + start;
    return { kind: "flat", type: this.#type, physical: this.#physical, length, data, validity };
  }

  free(): void {
    this.#memory.free(this.#data);
    this.#memory.free(this.#validity);
    this.#text.free();
    this.#flatten.free();
    this.#dictionaries.clear();
    this.#data = 0;
    this.#validity = 0;
    this.#room = 0;
  }

  /** Flat; views lead to bytes of this column's own. */
  #copyText(vector: Vector): FlatVector {
    if (this.#physical !== "view") return this.#flatten.flatten(vector);
    const dictionary = this.#flatten.toDictionary(vector);
    if (dictionary && dictionary.dictionary.values.length <= dictionaryEntriesPerRow * vector.length) {
      return this.#copyThroughDictionary(dictionary);
    }
    const flat = this.#flatten.flatten(vector);
    return { ...flat, data: this.#copyViews(flat) };
  }

  #copyThroughDictionary(vector: DictionaryVector): FlatVector {
    const { id, values } = vector.dictionary;
    let views = this.#dictionaries.get(id);
    if (views === undefined) {
      views = this.#copyViews(values);
      this.#dictionaries.set(id, views);
    }
    const copied = { ...vector, dictionary: { id, values: { ...values, data: views } } };
    return this.#flatten.flatten(copied);
  }

  #copyViews({ data, validity, length }: FlatVector): Ptr {
    const { kernels } = this.#memory;
    const views = this.#text.alloc(length * 8);
    const bytes = this.#text.alloc(kernels.keyViewBytes(data, 0, validity, length));
    kernels.moveViews(data, validity, length, bytes, views);
    return views;
  }

  #reserve(rows: number, n: number): void {
    if (rows + n <= this.#room) return;
    const room = Math.max(rows + n, this.#room * 2, roomMin);
    this.#data = this.#memory.resize(this.#data, room * this.#width, rows * this.#width);
    if (this.#validity !== 0) this.#validity = this.#memory.resize(this.#validity, room, rows);
    this.#room = room;
  }

  #widen(rows: number): void {
    const wide = this.#memory.alloc(Math.max(this.#room, 1) * 16);
    if (rows > 0) this.#memory.kernels.widenI64(this.#data, rows, wide);
    this.#memory.free(this.#data);
    this.#data = wide;
    this.#physical = "i128";
  }
}

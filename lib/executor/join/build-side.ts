/** A join's build side in memory: its rows, and the table from keys to them. */
import type { DataType } from "../../arrow/types.ts";
import type { FlatVector, Vector } from "../../arrow/vector.ts";
import { isOutOfMemory } from "../../errors.ts";
import { Arena } from "../../kernels/arena.ts";
import type { LinearMemory, Ptr } from "../../kernels/memory.ts";
import type { IntegerRange, KeyColumn } from "../keys/key-layout.ts";
import { KeyTable } from "../keys/key-table.ts";
import type { TaskContext } from "../operator/operator.ts";
import { ColumnStore } from "./column-store.ts";

const stepRows = 65_536;
/** What table and lists take per row, about. */
const tableBytesPerRow = 48;

/** Build rows by key number: rows of key k are order[offsets[k] … offsets[k + 1]). */
export interface RowLists {
  readonly offsets: Ptr;
  readonly order: Ptr;
}

export class BuildSide {
  readonly #context: TaskContext;
  readonly #memory: LinearMemory;
  readonly #store: ColumnStore;
  readonly #keyColumns: readonly KeyColumn[];
  /** Position in the store of each key. */
  readonly #keyPositions: readonly number[];
  #table: KeyTable | undefined;
  #lists: RowLists | undefined;
  /** Where the lists are. */
  readonly #listed: Arena;
  #unique = false;
  #matched: Ptr = 0;

  constructor(
    context: TaskContext,
    types: readonly DataType[],
    keyColumns: readonly KeyColumn[],
    keyPositions: readonly number[],
  ) {
    this.#context = context;
    this.#memory = context.memory;
    this.#store = new ColumnStore(context.memory, types);
    this.#listed = new Arena(context.memory);
    this.#keyColumns = keyColumns;
    this.#keyPositions = keyPositions;
  }

  get rows(): number {
    return this.#store.rows;
  }

  /** No two rows share a key, and every row has one or is in the lists: a key number leads to one row. */
  get unique(): boolean {
    return this.#unique;
  }

  /** Undefined when key numbers are row numbers. */
  get lists(): RowLists | undefined {
    return this.#lists;
  }

  get keys(): number {
    return this.#table?.count ?? 0;
  }

  get isIndexed(): boolean {
    return this.#table !== undefined;
  }

  get isDense(): boolean {
    return this.#table?.isDense ?? false;
  }

  /** Range of a key's values, undefined when there are none or they are no integers. */
  keyRange(key: number): IntegerRange | undefined {
    return this.#table?.observed(key);
  }

  /** A key of all rows; valid until the next append. */
  keyColumn(key: number): FlatVector {
    return this.#store.column(this.#keyPositions[key]!);
  }

  growthBytes(n: number): number {
    return this.#store.growthBytes(n);
  }

  /** Bytes that `index` will take. */
  get indexBytes(): number {
    return this.#store.rows * tableBytesPerRow;
  }

  append(columns: readonly Vector[], n: number): void {
    this.#store.append(columns, n);
  }

  column(i: number): FlatVector {
    return this.#store.column(i);
  }

  slice(i: number, start: number, n: number): FlatVector {
    return this.#store.slice(i, start, n);
  }

  /** Makes the table of all rows' keys. Ends appending. False when there is no memory for it: only the rows are there. */
  index(): boolean {
    const arena = new Arena(this.#memory);
    try {
      this.#makeTable(arena);
      return true;
    } catch (error) {
      this.#dropTable();
      if (isOutOfMemory(error)) return false;
      throw error;
    } finally {
      arena.free();
    }
  }

  /** @param arena for what is only needed meanwhile */
  #makeTable(arena: Arena): void {
    const { hashBits, memoryBytes } = this.#context;
    const { rows } = this.#store;
    const table = new KeyTable(this.#memory, { columns: this.#keyColumns, hashBits, memoryBytes, expected: rows });
    this.#table = table;
    this.#steps((start, n) => table.observe(this.#keySlices(start, n)));
    table.fix(rows);
    // Numbers of the rows that have a key, and which rows these are.
    const numbers = arena.alloc(rows * 4);
    const keyed = arena.alloc(rows * 4);
    const { kernels } = this.#memory;
    let count = 0;
    this.#steps((start, n) => {
      const part = table.assignFixed(this.#keySlices(start, n), n);
      this.#memory.u8.copyWithin(numbers + count * 4, part.numbers, part.numbers + part.count * 4);
      if (part.rows === 0) kernels.numberRows(start, n, keyed + count * 4);
      else {
        this.#memory.u8.copyWithin(keyed + count * 4, part.rows, part.rows + part.count * 4);
        kernels.add4(keyed + count * 4, start, part.count);
      }
      count += part.count;
    });
    this.#unique = table.count === count;
    if (!this.#unique || count < rows) this.#list(numbers, keyed, count, arena);
  }

  /** Which of the rows have a match: a byte each, all 0 at first. */
  get matched(): Ptr {
    if (this.#matched === 0) this.#matched = this.#memory.allocZeroed(Math.max(1, this.#store.rows));
    return this.#matched;
  }

  /** The probe rows whose key is here, ascending, and the key's number; valid until the next call. */
  find(keys: readonly Vector[], n: number): { rows: Ptr; numbers: Ptr; count: number } {
    return this.#table!.find(keys, n);
  }

  /** Drops everything; rows can be appended anew. */
  clear(): void {
    this.#store.clear();
    this.#dropTable();
    this.#memory.free(this.#matched);
    this.#matched = 0;
  }

  #dropTable(): void {
    this.#table?.free();
    this.#table = undefined;
    this.#listed.free();
    this.#lists = undefined;
    this.#unique = false;
  }

  #list(numbers: Ptr, keyed: Ptr, count: number, arena: Arena): void {
    const { kernels } = this.#memory;
    const keys = this.#table!.count;
    const ends = arena.alloc(keys * 4);
    const offsets = this.#listed.alloc((keys + 1) * 4);
    const order = this.#listed.alloc(count * 4);
    kernels.orderByNumber(numbers, count, keys, offsets, ends, order);
    kernels.gather4(keyed, order, count, order);
    this.#lists = { offsets, order };
  }

  #steps(visit: (start: number, n: number) => void): void {
    const { rows } = this.#store;
    for (let start = 0; start < rows; start += stepRows) visit(start, Math.min(stepRows, rows - start));
  }

  #keySlices(start: number, n: number): FlatVector[] {
    return this.#keyPositions.map((position) => this.#store.slice(position, start, n));
  }
}

/** Groups in memory: their keys and their aggregates' states. */
import { FlattenBuffer } from "../../arrow/flatten.ts";
import { RowSelector } from "../../arrow/select-rows.ts";
import type { Batch, Vector } from "../../arrow/vector.ts";
import { isOutOfMemory } from "../../errors.ts";
import type { AggregateCall } from "../../expr/expr.ts";
import { Arena } from "../../kernels/arena.ts";
import { GrowableBlock } from "../../kernels/growable-block.ts";
import type { Ptr } from "../../kernels/memory.ts";
import type { KeyColumn } from "../keys/key-layout.ts";
import { KeyTable } from "../keys/key-table.ts";
import type { TaskContext } from "../operator/operator.ts";
import type { SortedAccumulator } from "./aggregate-sorted.ts";
import { AggregateStates, type AggregateStatesOptions } from "./aggregate-states.ts";
import { GroupedRows } from "./grouped-rows.ts";

export class GroupTable {
  readonly #context: TaskContext;
  readonly #keyColumns: readonly KeyColumn[];
  readonly #states: AggregateStates;
  readonly #rows: GroupedRows;
  readonly #numbers: GrowableBlock;
  #expected: number;
  #keys: KeyTable | undefined;
  /** Each row is a group of its own: nothing is looked up. */
  #rowsAreGroups = false;
  #count: number;

  constructor(
    context: TaskContext,
    keyColumns: readonly KeyColumn[],
    calls: readonly AggregateCall[],
    options: Omit<AggregateStatesOptions, "mayBeEmpty"> & { readonly expected: number },
  ) {
    this.#context = context;
    this.#keyColumns = keyColumns;
    this.#expected = options.expected;
    this.#states = new AggregateStates(context, calls, { ...options, mayBeEmpty: keyColumns.length === 0 });
    this.#rows = new GroupedRows(context.memory);
    this.#numbers = new GrowableBlock(context.memory);
    this.#count = keyColumns.length === 0 ? 1 : 0;
    this.#states.reserve(this.#count);
  }

  /** Number of groups. Without keys there is one from the start. */
  get count(): number {
    return this.#count;
  }

  get stateColumns(): number {
    return this.#states.stateColumns;
  }

  get bytes(): number {
    return (this.#keys?.bytes ?? 0) + this.#states.bytes;
  }

  /** Bytes that n more rows may take at once: everything grows by doubling. */
  growthBytes(n: number): number {
    const perGroup = this.#count === 0 ? 0 : this.#states.bytes / this.#count;
    return (this.#keys?.growthBytes(n) ?? 0) + perGroup * n + this.rowBytes;
  }

  /** Calls that keep whole rows. */
  get sorted(): readonly SortedAccumulator[] {
    return this.#states.sorted;
  }

  /** Rows that such calls hold in memory. */
  get rows(): number {
    return Math.max(0, ...this.sorted.map(({ rows }) => rows));
  }

  /** Bytes that those take, or will when they are sorted. */
  get rowBytes(): number {
    return this.sorted.reduce((sum, { rowBytes }) => sum + rowBytes, 0);
  }

  /** Moves those to the disk; returns the bytes written. */
  async relieve(): Promise<number> {
    let bytes = 0;
    for (const accumulator of this.sorted) bytes += await accumulator.relieve();
    return bytes;
  }

  /** Gives a sorted call rows that were drained; every key is known. False when there is no memory for that. */
  addRowsOf(call: SortedAccumulator, keys: readonly Vector[], columns: readonly Vector[], n: number): boolean {
    const numbers = this.#numbersOf(keys, n);
    if (numbers === 0) return false;
    call.addRows(numbers, n, columns);
    return true;
  }

  /**
   * All rows of a sorted call with the keys of their groups, in order of the groups; forgets the rows.
   * A batch is valid until the next.
   */
  async *drain(
    call: SortedAccumulator,
  ): AsyncGenerator<{ keys: readonly Vector[]; columns: readonly Vector[]; length: number }> {
    const { memory } = this.#context;
    const arena = new Arena(memory);
    const flatten = new FlattenBuffer(memory);
    const selector = new RowSelector(memory);
    try {
      for await (const { length, columns } of call.drain()) {
        const { data } = flatten.flatten(columns[0]!);
        const [first, last] = [memory.u32[data >>> 2]!, memory.u32[(data >>> 2) + length - 1]!];
        const groups = arena.alloc(length * 4);
        memory.u8.copyWithin(groups, data, data + length * 4);
        memory.kernels.add4(groups, -first, length);
        selector.begin(groups, length);
        const keys = this.keys(first, last - first + 1, arena).map((key) => selector.select(key));
        yield { keys, columns: columns.slice(1), length };
        arena.free();
      }
    } finally {
      arena.free();
      flatten.free();
      selector.free();
    }
  }

  /** Must come before `results`, for all groups in order. */
  async prepare(start: number, n: number): Promise<void> {
    await this.#states.prepare(start, n);
  }

  /** Forgets the rows of sorted calls. */
  async drop(): Promise<void> {
    for (const accumulator of this.sorted) await accumulator.drop();
  }

  /** False when there is no memory for the batch's groups: nothing of it was added then. */
  addRows(keys: readonly Vector[], batch: Batch): boolean {
    if (!this.#group(keys, batch.length)) return false;
    this.#states.update(batch, this.#rows);
    return true;
  }

  /** False as above. */
  addStates(keys: readonly Vector[], states: readonly Vector[], n: number): boolean {
    if (!this.#group(keys, n)) return false;
    this.#states.merge(states, this.#rows);
    return true;
  }

  /** The batch's rows as groups of their own, in place of all groups before. */
  setRows(batch: Batch): void {
    this.clear();
    this.#rowsAreGroups = true;
    const numbers = this.#numbers.ensure(batch.length * 4);
    this.#context.memory.kernels.numberRows(0, batch.length, numbers);
    this.#count = batch.length;
    this.#rows.set(numbers, batch.length, 0, batch.length);
    this.#states.update(batch, this.#rows);
  }

  keys(start: number, n: number, arena: Arena): Vector[] {
    return this.#keys?.keys(start, n, arena) ?? [];
  }

  states(start: number, n: number, arena: Arena): Vector[] {
    return this.#states.states(start, n, arena);
  }

  results(start: number, n: number, arena: Arena): Vector[] {
    return this.#states.results(start, n, arena);
  }

  /** Forgets all groups. `expected`: how many are to come, when better known now. */
  clear(expected = this.#expected): void {
    this.#expected = expected;
    this.#keys?.free();
    this.#keys = undefined;
    this.#rowsAreGroups = false;
    this.#states.clear();
    this.#count = this.#keyColumns.length === 0 ? 1 : 0;
  }

  free(): void {
    this.#keys?.free();
    this.#keys = undefined;
    this.#states.free();
    this.#rows.free();
    this.#numbers.free();
  }

  #group(keys: readonly Vector[], n: number): boolean {
    const numbers = this.#numbersOf(keys, n);
    if (numbers === 0) return false;
    const count = this.#keys?.count ?? this.#count;
    try {
      this.#states.reserve(count);
    } catch (error) {
      if (isOutOfMemory(error)) return false;
      throw error;
    }
    this.#rows.set(numbers, n, this.#count, count);
    this.#count = count;
    return true;
  }

  #numbersOf(keys: readonly Vector[], n: number): Ptr {
    if (this.#keyColumns.length === 0) {
      const zeros = this.#numbers.ensure(n * 4);
      this.#context.memory.u8.fill(0, zeros, zeros + n * 4);
      return zeros;
    }
    if (this.#rowsAreGroups) this.clear();
    const { memory, hashBits, memoryBytes } = this.#context;
    this.#keys ??= new KeyTable(memory, { columns: this.#keyColumns, hashBits, memoryBytes, expected: this.#expected });
    return this.#keys.assign(keys, n);
  }
}

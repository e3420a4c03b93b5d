/** Groups in memory: their keys and their aggregates' states. */
import type { Batch, Vector } from "../../arrow/vector.ts";
import { isOutOfMemory } from "../../errors.ts";
import type { AggregateCall } from "../../expr/expr.ts";
import type { Arena } from "../../kernels/arena.ts";
import { GrowableBlock } from "../../kernels/growable-block.ts";
import type { Ptr } from "../../kernels/memory.ts";
import type { KeyColumn } from "../keys/key-layout.ts";
import { KeyTable } from "../keys/key-table.ts";
import type { TaskContext } from "../operator/operator.ts";
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

  /** Bytes that n more groups may take at once: everything grows by doubling. */
  growthBytes(n: number): number {
    const perGroup = this.#count === 0 ? 0 : this.#states.bytes / this.#count;
    return (this.#keys?.growthBytes(n) ?? 0) + perGroup * n;
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

/**
 * Aggregates that need all rows of a group at once: the rows are kept as they come, and sorted by group and value (or by
 * the call's ORDER BY) when the results are asked for. Rows beyond the memory limit wait in sorted runs on the local disk,
 * so that a group may be larger than the memory.
 */
import { type DataType, types } from "../../arrow/types.ts";
import type { Value } from "../../arrow/value.ts";
import { ValueWriter } from "../../arrow/value-access.ts";
import type { Batch, FlatVector, Vector } from "../../arrow/vector.ts";
import { aggregateOf, hasPartialState, siteOf } from "../../expr/aggregate-state.ts";
import type { AggregateFunction, AggregateSite } from "../../expr/aggregates/aggregate-function.ts";
import type { AggregateCall, Column, Expr, SortKey } from "../../expr/expr.ts";
import { compareValues } from "../../expr/value.ts";
import { GrowableBlock } from "../../kernels/growable-block.ts";
import type { Ptr } from "../../kernels/memory.ts";
import type { TaskContext } from "../operator/operator.ts";
import { SortedRows } from "../sort/sorted-rows.ts";
import type { Accumulator, Argument } from "./accumulator.ts";
import type { GroupedRows } from "./grouped-rows.ts";
import { StateArray } from "./state-array.ts";

const ascending = { descending: false, nullsFirst: false };

function columnExpr(column: Column): Expr {
  return { kind: "column", ...column };
}

/** Whether a call is computed from its sorted rows. */
export function isSortedCall(call: AggregateCall): boolean {
  return !hasPartialState(call) && !call.distinct;
}

export class SortedAccumulator implements Accumulator {
  readonly #context: TaskContext;
  readonly #call: AggregateCall;
  readonly #definition: AggregateFunction;
  readonly #site: AggregateSite;
  /** The group, the arguments, the keys of ORDER BY, and, where it matters, the row's number. */
  readonly #columns: readonly Column[];
  readonly #numbersRows: boolean;
  readonly #rows: SortedRows;
  readonly #counts: StateArray;
  readonly #kept: GrowableBlock;
  readonly #selected: GrowableBlock;
  readonly #rowNumbers: GrowableBlock;
  readonly #writer: ValueWriter;
  #rowsSeen = 0;
  #results: Value[] = [];

  constructor(context: TaskContext, call: AggregateCall) {
    const { memory } = context;
    this.#context = context;
    this.#call = call;
    this.#definition = aggregateOf(call);
    this.#site = siteOf(call);
    const orderBy = call.orderBy ?? [];
    const byValue = orderBy.length === 0 && (this.#definition.pick ?? this.#definition.runs) !== undefined;
    this.#numbersRows = byValue && this.#definition.runs !== undefined;
    const values = [...call.args, ...orderBy.map(({ expr }) => expr)].map(({ type }) => type);
    const all = [types.int32, ...values, ...(this.#numbersRows ? [types.float64] : [])];
    this.#columns = all.map((type, id) => ({ id, name: `${id}`, type, nullable: true }));
    const key = (position: number, order: Omit<SortKey, "expr">): SortKey => {
      return { ...order, expr: columnExpr(this.#columns[position]!) };
    };
    const keys = [
      key(0, ascending),
      ...(byValue ? [key(1, ascending)] : []),
      ...orderBy.map((order, i) => key(1 + call.args.length + i, order)),
    ];
    this.#rows = new SortedRows(context, this.#columns, keys);
    this.#counts = new StateArray(memory, 8);
    this.#kept = new GrowableBlock(memory);
    this.#selected = new GrowableBlock(memory);
    this.#rowNumbers = new GrowableBlock(memory);
    this.#writer = new ValueWriter(memory, call.type);
  }

  /** Of what each group has; the rows count by themselves. */
  get bytes(): number {
    return this.#counts.bytes;
  }

  /** Rows in memory. */
  get rows(): number {
    return this.#rows.length;
  }

  /** Bytes of the rows in memory, with what sorting them will take on top. */
  get rowBytes(): number {
    return this.#rows.bytes;
  }

  /** Types of the columns that `drain` gives behind the group. */
  get rowTypes(): readonly DataType[] {
    return this.#columns.slice(1).map(({ type }) => type);
  }

  reserve(groups: number): void {
    this.#counts.reserve(groups);
  }

  /** args: the call's arguments, its sort keys, and, when it has a FILTER, a vector whose valid rows pass it. */
  update(rows: GroupedRows, args: readonly Argument[]): void {
    const { length } = rows;
    const { kernels } = this.#context.memory;
    const values = args.slice(0, this.#columns.length - 1 - (this.#numbersRows ? 1 : 0));
    const tests = this.#definition.keepsNulls ? [] : values.slice(0, this.#call.args.length);
    if (this.#call.filter) tests.push(args.at(-1)!);
    let kept: Ptr = 0;
    for (const { validity } of tests) {
      if (validity === 0) continue;
      const out = this.#kept.ensure(length);
      if (kept === 0) this.#context.memory.u8.copyWithin(out, validity, validity + length);
      else kernels.bothBytes(kept, validity, length, out);
      kept = out;
    }
    const columns = this.#numbersRows ? [...values, this.#numberedRows(length)] : values;
    this.#append(rows.groups, length, columns, kept);
  }

  /** Rows that `drain` gave, perhaps of another accumulator of the call: `columns` are those behind the group. */
  addRows(groups: Ptr, n: number, columns: readonly Vector[]): void {
    this.#append(groups, n, columns, 0);
  }

  merge(): void {}

  states(): FlatVector[] {
    return [];
  }

  /** Moves the rows in memory to the disk. */
  async relieve(): Promise<number> {
    return this.#rows.relieve();
  }

  /** All rows, sorted; forgets them. A batch is valid until the next. */
  async *drain(): AsyncGenerator<Batch> {
    yield* this.#rows.drain();
    await this.#rows.clear();
  }

  /** Makes the results of groups start … start + n − 1: from the first on, each once. */
  async prepare(start: number, n: number): Promise<void> {
    this.#results = [];
    this.#counts.reserve(start + n);
    for (let group = start; group < start + n; group++) {
      const count = Number(this.#context.memory.i64[this.#counts.at(group) >>> 3]!);
      this.#results.push(await this.#result(count));
    }
  }

  /** Of the groups that were prepared. */
  results(): FlatVector {
    return this.#writer.write(this.#results);
  }

  /** Rows on the disk are `drop`ped. */
  clear(): void {
    this.#counts.clear();
    this.#results = [];
  }

  /** Forgets all rows. */
  async drop(): Promise<void> {
    await this.#rows.clear();
  }

  free(): void {
    this.#rows.free();
    this.#counts.free();
    this.#writer.free();
    for (const block of [this.#kept, this.#selected, this.#rowNumbers]) block.free();
  }

  #append(groups: Ptr, length: number, columns: readonly Vector[], kept: Ptr): void {
    const { kernels } = this.#context.memory;
    const group: FlatVector = { kind: "flat", type: types.int32, physical: "i32", length, data: groups, validity: 0 };
    kernels.countRows(groups, kept, length, this.#counts.ptr);
    const batch = { length, columns: [group, ...columns] };
    if (kept === 0) return this.#rows.append(batch);
    const ptr = this.#selected.ensure(length * 4);
    this.#rows.append(batch, { ptr, count: kernels.selectOnes(kept, length, ptr) });
  }

  #numberedRows(length: number): FlatVector {
    const data = this.#rowNumbers.ensure(length * 8);
    const { f64 } = this.#context.memory;
    for (let row = 0; row < length; row++) f64[(data >>> 3) + row] = this.#rowsSeen++;
    return { kind: "flat", type: types.float64, physical: "f64", length, data, validity: 0 };
  }

  /** The result of the next `count` rows, which are one group's. */
  async #result(count: number): Promise<Value> {
    const { pick, runs } = this.#definition;
    if (!this.#call.orderBy?.length && pick) {
      if (count === 0) return null;
      const params = await this.#rows.peek((read) => this.#call.args.slice(1).map((_, i) => read(2 + i)));
      const positions = pick.positions(count, params);
      const picked = new Map<number, Value>();
      await this.#rows.visit(count, (read, row) => picked.set(row, read(1)), new Set(positions));
      return pick.result(
        positions.map((position) => picked.get(position)!),
        count,
        params,
        this.#site,
      );
    }
    if (!this.#call.orderBy?.length && runs) return this.#foldRuns(count, runs());
    const state = this.#definition.init(this.#site);
    await this.#rows.visit(count, (read) => {
      this.#definition.update(
        state,
        this.#call.args.map((_, i) => read(1 + i)),
        this.#site,
      );
    });
    return this.#definition.final(state, this.#site);
  }

  async #foldRuns(count: number, fold: ReturnType<NonNullable<AggregateFunction["runs"]>>): Promise<Value> {
    const last = this.#columns.length - 1;
    let run: { value: Value; length: number; row: number } | undefined;
    await this.#rows.visit(count, (read) => {
      const value = read(1);
      if (run && compareValues(run.value, value) === 0) {
        run.length++;
        return;
      }
      if (run) fold.add(run.value, run.length, run.row);
      run = { value, length: 1, row: read(last) as number };
    });
    if (run) fold.add(run.value, run.length, run.row);
    return fold.result(count);
  }
}

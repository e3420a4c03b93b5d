/**
 * Aggregates without kernels of their own, DISTINCT and ORDER BY within a call: states are JavaScript values, updated
 * row by row through the reference implementation.
 */
import type { DataType } from "../../arrow/types.ts";
import type { Value } from "../../arrow/value.ts";
import { readValue, ValueWriter } from "../../arrow/value-access.ts";
import type { FlatVector, Vector } from "../../arrow/vector.ts";
import { aggregateOf, siteOf, stateTypes } from "../../expr/aggregate-state.ts";
import type { AggregateFunction, AggregateSite, AggregateState } from "../../expr/aggregates/aggregate-function.ts";
import type { AggregateCall, SortKey } from "../../expr/expr.ts";
import { compareValues } from "../../expr/value.ts";
import type { LinearMemory } from "../../kernels/memory.ts";
import type { Accumulator, Argument } from "./accumulator.ts";
import type { GroupedRows } from "./grouped-rows.ts";

interface OrderedRow {
  readonly values: readonly Value[];
  readonly keys: readonly Value[];
}

interface GroupState {
  state: AggregateState;
  /** DISTINCT: the values seen. */
  readonly known: Set<string> | undefined;
  /** ORDER BY: the rows, until the result is asked for. */
  readonly rows: OrderedRow[] | undefined;
}

export class ReferenceAccumulator implements Accumulator {
  readonly #memory: LinearMemory;
  readonly #call: AggregateCall;
  readonly #definition: AggregateFunction;
  readonly #site: AggregateSite;
  readonly #orderBy: readonly SortKey[];
  #writers: ValueWriter[] = [];
  #groups: GroupState[] = [];

  constructor(memory: LinearMemory, call: AggregateCall) {
    this.#memory = memory;
    this.#call = call;
    this.#definition = aggregateOf(call);
    this.#site = siteOf(call);
    this.#orderBy = call.orderBy ?? [];
  }

  /** State columns. */
  get width(): number {
    return this.#definition.state?.(this.#site).length ?? 0;
  }

  /** An estimate: the states are JavaScript objects. */
  get bytes(): number {
    return this.#groups.length * 64;
  }

  reserve(groups: number): void {
    while (this.#groups.length < groups) {
      this.#groups.push({
        state: this.#definition.init(this.#site),
        known: this.#call.distinct ? new Set() : undefined,
        rows: this.#orderBy.length > 0 ? [] : undefined,
      });
    }
  }

  /** args: the call's arguments, its sort keys, and, when it has a FILTER, a vector whose valid rows pass it. */
  update(rows: GroupedRows, args: readonly Argument[]): void {
    const width = this.#call.args.length;
    const memory = this.#memory;
    const passes = this.#call.filter ? args.at(-1)!.validity : 0;
    for (let row = 0; row < rows.length; row++) {
      if (passes !== 0 && memory.u8[passes + row] === 0) continue;
      const values = args.slice(0, width).map((arg) => readValue(memory, arg, row));
      if (!this.#definition.keepsNulls && values.includes(null)) continue;
      const group = this.#groups[memory.u32[(rows.groups >>> 2) + row]!]!;
      if (group.known) {
        const key = values.map(distinctKey).join("\u0000");
        if (group.known.has(key)) continue;
        group.known.add(key);
      }
      if (!group.rows) this.#definition.update(group.state, values, this.#site);
      else {
        const keys = this.#orderBy.map((_, i) => readValue(memory, args[width + i]!, row));
        group.rows.push({ values, keys });
      }
    }
  }

  merge(rows: GroupedRows, states: readonly Vector[]): void {
    for (let row = 0; row < rows.length; row++) {
      const group = this.#groups[this.#memory.u32[(rows.groups >>> 2) + row]!]!;
      const other = states.map((state) => readValue(this.#memory, state, row));
      this.#definition.merge!(group.state, other, this.#site);
    }
  }

  states(start: number, n: number): FlatVector[] {
    const columns = stateTypes(this.#call);
    return this.#write(columns, start, n, (group) => group.state);
  }

  results(start: number, n: number): FlatVector {
    const final = (group: GroupState) => [this.#definition.final(this.#ordered(group), this.#site)];
    return this.#write([this.#call.type], start, n, final)[0]!;
  }

  clear(): void {
    this.#groups = [];
  }

  free(): void {
    this.clear();
    for (const writer of this.#writers) writer.free();
    this.#writers = [];
  }

  /** The state after the rows that had to wait for their order. */
  #ordered({ state, rows }: GroupState): AggregateState {
    if (!rows) return state;
    const result = this.#definition.init(this.#site);
    rows.sort((a, b) => compareRows(a.keys, b.keys, this.#orderBy));
    for (const { values } of rows) this.#definition.update(result, values, this.#site);
    return result;
  }

  #write(
    types: readonly DataType[],
    start: number,
    n: number,
    valuesOf: (group: GroupState) => readonly Value[],
  ): FlatVector[] {
    this.reserve(start + n);
    if (this.#writers.length !== types.length) {
      for (const writer of this.#writers) writer.free();
      this.#writers = types.map((type) => new ValueWriter(this.#memory, type));
    }
    const rows = this.#groups.slice(start, start + n).map(valuesOf);
    return this.#writers.map((writer, i) => writer.write(rows.map((row) => row[i]!)));
  }
}

function compareRows(a: readonly Value[], b: readonly Value[], keys: readonly SortKey[]): number {
  for (const [i, { descending, nullsFirst }] of keys.entries()) {
    const x = a[i]!;
    const y = b[i]!;
    if (x === null || y === null) {
      if (x === y) continue;
      return (x === null) === nullsFirst ? -1 : 1;
    }
    const order = compareValues(x, y);
    if (order !== 0) return descending ? -order : order;
  }
  return 0;
}

/** Equal exactly for values that are not distinct. */
function distinctKey(value: Value): string {
  if (typeof value === "number") return String(value === 0 ? 0 : value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  if (value !== null && typeof value === "object") {
    return String((BigInt(value.months) * 30n + BigInt(value.days)) * 86_400_000_000n + value.micros);
  }
  // Strings may hold the separator: their length goes first.
  return typeof value === "string" ? `${value.length}:${value}` : String(value);
}

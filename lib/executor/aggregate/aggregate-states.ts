/** The states of all aggregate calls of a node: which accumulators they share, and what each call makes of them. */
import { FlattenBuffer } from "../../arrow/flatten.ts";
import { type DataType, types } from "../../arrow/types.ts";
import type { Batch, FlatVector, Vector } from "../../arrow/vector.ts";
import { located, type Span } from "../../errors.ts";
import { hasPartialState, stateTypes } from "../../expr/aggregate-state.ts";
import type { AggregateCall, Column, Expr } from "../../expr/expr.ts";
import type { Arena } from "../../kernels/arena.ts";
import { GrowableBlock } from "../../kernels/growable-block.ts";
import type { LinearMemory } from "../../kernels/memory.ts";
import { compileExpressions, type ExpressionSet } from "../expression/expression-set.ts";
import type { TaskContext } from "../operator/operator.ts";
import type { Accumulator, Argument } from "./accumulator.ts";
import { averages } from "./aggregate-average.ts";
import { CountAccumulator, RowCounts } from "./aggregate-count.ts";
import { type FoldOperation, foldAccumulator } from "./aggregate-extreme.ts";
import { MomentsAccumulator } from "./aggregate-moments.ts";
import { ReferenceAccumulator } from "./aggregate-reference.ts";
import { isSortedCall, SortedAccumulator } from "./aggregate-sorted.ts";
import { FloatSumAccumulator, SumAccumulator } from "./aggregate-sum.ts";
import type { GroupedRows } from "./grouped-rows.ts";

/** What a call is computed from: its accumulators, whose states are its state columns, and the way to its result. */
interface BoundCall {
  readonly parts: readonly Part[];
  result(start: number, n: number, arena: Arena): FlatVector;
}

/** An accumulator and the inputs it is fed: indexes of expressions. */
interface Part {
  readonly accumulator: Accumulator;
  readonly inputs: readonly Input[];
}

interface Input {
  /** Index of the value's expression, −1 for none (count(*) with a filter). */
  readonly value: number;
  /** Index of the filter's expression, −1 for none. */
  readonly filter: number;
  /** Only rows where the value is true are present (count_if). */
  readonly onlyTrue: boolean;
  /** Slot for the argument of the current batch. */
  readonly slot: number;
}

export interface AggregateStatesOptions {
  /** Columns of the rows that are aggregated; undefined when only states are merged. */
  readonly input: readonly Column[] | undefined;
  /** There may be a group without rows. */
  readonly mayBeEmpty: boolean;
}

const folds: Readonly<Record<string, FoldOperation>> = {
  min: "min",
  max: "max",
  bool_and: "min",
  bool_or: "max",
  bit_and: "and",
  bit_or: "or",
  bit_xor: "xor",
};

const varianceForms: Readonly<Record<string, { sample: boolean; root: boolean }>> = {
  var_samp: { sample: true, root: false },
  var_pop: { sample: false, root: false },
  stddev_samp: { sample: true, root: true },
  stddev_pop: { sample: false, root: true },
};

export class AggregateStates {
  readonly #memory: LinearMemory;
  readonly #mayBeEmpty: boolean;
  readonly #calls: readonly (BoundCall & { readonly span: Span | undefined })[];
  readonly #parts = new Map<string, Part>();
  readonly #inputs = new Map<string, Input>();
  readonly #exprs: Expr[] = [];
  readonly #exprIndexes = new Map<string, number>();
  readonly #rowCounts: RowCounts;
  readonly #evaluator: ExpressionSet | undefined;
  readonly #flatten: FlattenBuffer[];
  readonly #masks: GrowableBlock[];
  readonly #stateColumns: number;
  #countsRows = false;
  readonly #context: TaskContext;
  /** Those that keep whole rows, in the order of their calls. */
  readonly sorted: SortedAccumulator[] = [];

  constructor(context: TaskContext, calls: readonly AggregateCall[], options: AggregateStatesOptions) {
    this.#context = context;
    this.#memory = context.memory;
    this.#mayBeEmpty = options.mayBeEmpty;
    this.#rowCounts = new RowCounts(context.memory);
    this.#calls = calls.map((call) => ({ ...this.#bind(call), span: call.span }));
    this.#stateColumns = calls.reduce((sum, call) => sum + (hasPartialState(call) ? stateTypes(call).length : 0), 0);
    this.#evaluator = options.input && compileExpressions(this.#exprs, options.input, context);
    this.#flatten = this.#exprs.map(() => new FlattenBuffer(context.memory));
    this.#masks = [...this.#inputs].map(() => new GrowableBlock(context.memory));
  }

  /** Number of state columns of all calls. */
  get stateColumns(): number {
    return this.#stateColumns;
  }

  get bytes(): number {
    let sum = this.#rowCounts.counts.bytes;
    for (const { accumulator } of this.#parts.values()) sum += accumulator.bytes;
    return sum;
  }

  /** Takes in the rows of a batch. */
  update(batch: Batch, rows: GroupedRows): void {
    this.reserve(rows.count);
    if (this.#countsRows) this.#rowCounts.update(rows);
    const values = this.#evaluator!.evaluate(batch);
    const flat = values.map((value, i) => this.#flatten[i]!.flatten(value));
    const args = [...this.#inputs.values()].map((input) => this.#argument(input, flat, batch.length));
    for (const { accumulator, inputs } of this.#parts.values()) {
      accumulator.update(
        rows,
        inputs.map(({ slot }) => args[slot]!),
      );
    }
  }

  /** Takes in partial states, one a row: the state columns of all calls, in order. */
  merge(states: readonly Vector[], rows: GroupedRows): void {
    this.reserve(rows.count);
    const merged = new Set<Accumulator>();
    let at = 0;
    this.#calls.forEach((call) => {
      for (const { accumulator } of call.parts) {
        const width = stateWidth(accumulator);
        if (!merged.has(accumulator)) accumulator.merge(rows, states.slice(at, at + width));
        merged.add(accumulator);
        at += width;
      }
    });
  }

  reserve(groups: number): void {
    if (this.#countsRows) this.#rowCounts.reserve(groups);
    for (const { accumulator } of this.#parts.values()) accumulator.reserve(groups);
  }

  /** The state columns of groups start … start + n − 1. */
  states(start: number, n: number, arena: Arena): FlatVector[] {
    return this.#calls.flatMap((call) => call.parts.flatMap(({ accumulator }) => accumulator.states(start, n, arena)));
  }

  /** Must come before `results`, for all groups in order. */
  async prepare(start: number, n: number): Promise<void> {
    const spans = this.#calls.filter(({ parts }) =>
      parts.some(({ accumulator }) => accumulator instanceof SortedAccumulator),
    );
    for (const [i, accumulator] of this.sorted.entries()) {
      await accumulator.prepare(start, n).catch((error) =>
        located(spans[i]!.span, () => {
          throw error;
        }),
      );
    }
  }

  /** One column per call. @throws QueryError overflow */
  results(start: number, n: number, arena: Arena): FlatVector[] {
    return this.#calls.map(({ span, result }) => located(span, () => result(start, n, arena)));
  }

  clear(): void {
    this.#rowCounts.clear();
    for (const { accumulator } of this.#parts.values()) accumulator.clear();
  }

  free(): void {
    this.#rowCounts.free();
    for (const { accumulator } of this.#parts.values()) accumulator.free();
    for (const buffer of this.#flatten) buffer.free();
    for (const block of this.#masks) block.free();
    this.#evaluator?.close();
  }

  #argument({ value, filter, onlyTrue, slot }: Input, flat: readonly FlatVector[], length: number): Argument {
    const { kernels } = this.#memory;
    const base: FlatVector =
      value >= 0 ? flat[value]! : { kind: "flat", type: types.boolean, physical: "bool", length, data: 0, validity: 0 };
    let { validity } = base;
    const narrow = (bytes: number) => {
      const out = this.#masks[slot]!.ensure(length);
      kernels.bothBytes(bytes, validity, length, out);
      validity = out;
    };
    if (onlyTrue) narrow(base.data);
    if (base.type.kind === "null") {
      validity = this.#masks[slot]!.ensure(length);
      this.#memory.u8.fill(0, validity, validity + length);
    }
    if (filter >= 0) {
      narrow(flat[filter]!.data);
      const passed = flat[filter]!.validity;
      if (passed !== 0) narrow(passed);
    }
    return validity === base.validity ? base : { ...base, validity };
  }

  #bind(call: AggregateCall): BoundCall {
    const { fn, type } = call;
    const [arg] = call.args;
    if (isSortedCall(call)) return this.#bindSorted(call);
    if (call.distinct) return this.#bindReference(call);
    if (fn === "count_star") return this.#bindCount(call, undefined);
    if (fn === "count") return this.#bindCount(call, arg);
    if (fn === "count_if") return this.#bindCount(call, arg, true);
    if (fn === "sum") return this.#bindSum(call, arg!);
    if (fn === "avg") return this.#bindAverage(call, arg!);
    const operation = folds[fn];
    if (operation !== undefined && type.kind !== "interval" && type.kind !== "null") {
      const part = this.#part(fn, call, [arg!], () => foldAccumulator(this.#memory, type, operation, this.#mayBeEmpty));
      return { parts: [part], result: (start, n, arena) => part.accumulator.states(start, n, arena)[0]! };
    }
    const form = varianceForms[fn];
    if (form && (arg!.type.kind === "float64" || arg!.type.kind === "float32")) {
      const part = this.#part("moments", call, [arg!], () => new MomentsAccumulator(this.#memory));
      const moments = part.accumulator as MomentsAccumulator;
      return { parts: [part], result: (start, n, arena) => moments.variances(form.sample, form.root, start, n, arena) };
    }
    return this.#bindReference(call);
  }

  #bindCount(call: AggregateCall, arg: Expr | undefined, onlyTrue = false): BoundCall {
    const part = this.#countPart(call, arg, onlyTrue);
    return { parts: [part], result: (start, n, arena) => part.accumulator.states(start, n, arena)[0]! };
  }

  #countPart(call: AggregateCall, arg: Expr | undefined, onlyTrue: boolean): Part {
    this.#countsRows = true;
    const args = arg ? [arg] : [];
    return this.#part("count", call, args, () => new CountAccumulator(this.#memory, this.#rowCounts), onlyTrue);
  }

  #bindSum(call: AggregateCall, arg: Expr): BoundCall {
    const part = this.#sumPart(call, arg);
    const { accumulator } = part;
    if (accumulator instanceof SumAccumulator) {
      return { parts: [part], result: (start, n, arena) => accumulator.results(call.type, start, n, arena) };
    }
    return { parts: [part], result: (start, n, arena) => accumulator.states(start, n, arena)[0]! };
  }

  #bindAverage(call: AggregateCall, arg: Expr): BoundCall {
    const sum = this.#sumPart(call, arg);
    const count = this.#countPart(call, arg, false);
    const scale = arg.type.kind === "decimal" ? arg.type.scale : 0;
    const counts = count.accumulator as CountAccumulator;
    const result = (start: number, n: number, arena: Arena) => {
      const [sums] = sum.accumulator.states(start, n, arena);
      return averages(this.#memory, sums!, scale, counts.counts(start, n, arena), arena);
    };
    return { parts: [sum, count], result };
  }

  #sumPart(call: AggregateCall, arg: Expr): Part {
    const float = arg.type.kind === "float32" || arg.type.kind === "float64";
    const make = () =>
      float
        ? new FloatSumAccumulator(this.#memory, this.#mayBeEmpty)
        : new SumAccumulator(this.#memory, sumStateType(arg.type), this.#mayBeEmpty);
    return this.#part("sum", call, [arg], make);
  }

  #bindSorted(call: AggregateCall): BoundCall {
    const accumulator = new SortedAccumulator(this.#context, call);
    this.sorted.push(accumulator);
    const part = { accumulator, inputs: this.#wholeInputs(call) };
    this.#parts.set(`sorted ${this.#parts.size}`, part);
    return { parts: [part], result: () => accumulator.results() };
  }

  #bindReference(call: AggregateCall): BoundCall {
    const accumulator = new ReferenceAccumulator(this.#memory, call);
    const part = { accumulator, inputs: this.#wholeInputs(call) };
    this.#parts.set(`reference ${this.#parts.size}`, part);
    return { parts: [part], result: (start, n) => accumulator.results(start, n) };
  }

  /** The arguments, the keys of ORDER BY, the filter. */
  #wholeInputs(call: AggregateCall): readonly Input[] {
    const args = [...call.args, ...(call.orderBy ?? []).map(({ expr }) => expr)];
    // FILTER is told apart from NULL by an input of its own: some functions see NULLs.
    const inputs = args.map((arg) => this.#input(arg, undefined, false));
    if (call.filter) inputs.push(this.#input(undefined, call.filter, false));
    return inputs;
  }

  /** The accumulator of a kind over given arguments, made when no earlier call needed it. */
  #part(kind: string, call: AggregateCall, args: readonly Expr[], make: () => Accumulator, onlyTrue = false): Part {
    const key = JSON.stringify([kind, args, call.filter ?? null, onlyTrue]);
    const known = this.#parts.get(key);
    if (known) return known;
    const values = args.length > 0 || !call.filter ? args : [undefined];
    const part = {
      accumulator: make(),
      inputs: values.map((arg) => this.#input(arg, call.filter, onlyTrue)),
    };
    this.#parts.set(key, part);
    return part;
  }

  #input(arg: Expr | undefined, filter: Expr | undefined, onlyTrue: boolean): Input {
    const value = arg ? this.#expr(arg) : -1;
    const filterIndex = filter ? this.#expr(filter) : -1;
    const key = `${value} ${filterIndex} ${onlyTrue}`;
    const known = this.#inputs.get(key);
    if (known) return known;
    const input = { value, filter: filterIndex, onlyTrue, slot: this.#inputs.size };
    this.#inputs.set(key, input);
    return input;
  }

  #expr(expr: Expr): number {
    const key = JSON.stringify(expr);
    const known = this.#exprIndexes.get(key);
    if (known !== undefined) return known;
    this.#exprs.push(expr);
    this.#exprIndexes.set(key, this.#exprs.length - 1);
    return this.#exprs.length - 1;
  }
}

/** State columns of an accumulator. */
function stateWidth(accumulator: Accumulator): number {
  if (accumulator instanceof MomentsAccumulator) return 3;
  if (accumulator instanceof SortedAccumulator) return 0;
  return accumulator instanceof ReferenceAccumulator ? accumulator.width : 1;
}

function sumStateType(type: DataType): DataType {
  if (type.kind === "decimal") return types.decimal(38, type.scale);
  return type.kind === "int64" ? types.decimal(38, 0) : types.int64;
}

/** An aggregate over whole partitions: the accumulators of grouping, a partition being a group. */
import type { Batch, FlatVector, SelectionVector, Vector } from "../../arrow/vector.ts";
import type { Column, WindowCall } from "../../expr/expr.ts";
import { Arena } from "../../kernels/arena.ts";
import { GrowableBlock } from "../../kernels/growable-block.ts";
import { AggregateStates } from "../aggregate/aggregate-states.ts";
import { GroupedRows } from "../aggregate/grouped-rows.ts";
import type { TaskContext } from "../operator/operator.ts";
import type { WindowBlock, WindowEvaluator } from "./window-block.ts";

export class PartitionAggregateEvaluator implements WindowEvaluator {
  readonly #states: AggregateStates;
  readonly #rows: GroupedRows;

  constructor(call: WindowCall, columns: readonly Column[], context: TaskContext) {
    this.#states = statesOf(call, columns, context);
    this.#rows = new GroupedRows(context.memory);
  }

  evaluate(block: WindowBlock): SelectionVector {
    const { numbers, count } = block.spanNumbers(0);
    this.#states.clear();
    this.#rows.set(numbers, block.length, 0, count);
    this.#states.update(block, this.#rows);
    const [base] = this.#states.results(0, count, block.arena);
    const { type } = base!;
    return { kind: "selection", type, length: block.length, selection: numbers, outer: false, base: base! };
  }

  free(): void {
    this.#states.free();
    this.#rows.free();
  }
}

/** The same where the partition comes in pieces: all rows are added before the first block is evaluated. */
export class TotalEvaluator implements WindowEvaluator {
  readonly #context: TaskContext;
  readonly #states: AggregateStates;
  readonly #rows: GroupedRows;
  readonly #groups: GrowableBlock;
  /** Holds the result. */
  readonly #arena: Arena;
  #added = false;
  #result: FlatVector | undefined;

  constructor(call: WindowCall, columns: readonly Column[], context: TaskContext) {
    this.#context = context;
    this.#states = statesOf(call, columns, context);
    this.#rows = new GroupedRows(context.memory);
    this.#groups = new GrowableBlock(context.memory);
    this.#arena = new Arena(context.memory);
  }

  begin(): void {
    this.#states.clear();
    this.#arena.free();
    this.#added = false;
  }

  async add(batch: Batch): Promise<void> {
    const { memory } = this.#context;
    const groups = this.#groups.ensure(batch.length * 4);
    memory.u8.fill(0, groups, groups + batch.length * 4);
    this.#rows.set(groups, batch.length, this.#added ? 1 : 0, 1);
    this.#states.update(batch, this.#rows);
    this.#added = true;
    if (!this.#context.wouldExceed(0)) return;
    for (const sorted of this.#states.sorted) await sorted.relieve();
  }

  async finish(): Promise<void> {
    await this.#states.prepare(0, 1);
    this.#result = this.#states.results(0, 1, this.#arena)[0];
  }

  evaluate({ length }: WindowBlock): Vector {
    const value = this.#result!;
    return { kind: "constant", type: value.type, length, value };
  }

  free(): void {
    this.#states.free();
    this.#rows.free();
    this.#groups.free();
    this.#arena.free();
  }
}

function statesOf(call: WindowCall, columns: readonly Column[], context: TaskContext): AggregateStates {
  const { fn, args, filter, type, span } = call;
  const aggregate = { fn, args, distinct: false, ...(filter && { filter }), type, ...(span && { span }) };
  return new AggregateStates(context, [aggregate], { input: columns, mayBeEmpty: false });
}

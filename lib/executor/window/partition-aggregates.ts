/** An aggregate over whole partitions: the accumulators of grouping, a partition being a group. */
import type { SelectionVector } from "../../arrow/vector.ts";
import type { Column, WindowCall } from "../../expr/expr.ts";
import { AggregateStates } from "../aggregate/aggregate-states.ts";
import { GroupedRows } from "../aggregate/grouped-rows.ts";
import type { TaskContext } from "../operator/operator.ts";
import type { WindowBlock, WindowEvaluator } from "./window-block.ts";

export class PartitionAggregateEvaluator implements WindowEvaluator {
  readonly #states: AggregateStates;
  readonly #rows: GroupedRows;

  constructor(call: WindowCall, columns: readonly Column[], context: TaskContext) {
    const { fn, args, filter, type, span } = call;
    const aggregate = { fn, args, distinct: false, ...(filter && { filter }), type, ...(span && { span }) };
    this.#states = new AggregateStates(context, [aggregate], { input: columns, mayBeEmpty: false });
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

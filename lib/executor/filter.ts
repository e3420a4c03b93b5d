/** Keeps the rows for which a condition is TRUE. Its batches carry selections: whoever needs values gathers them. */
import { RowSelector } from "../arrow/select-rows.ts";
import type { Batch } from "../arrow/vector.ts";
import type { FilterNode } from "../physical/plan.ts";
import { compilePredicate, type Predicate } from "./expression/predicate.ts";
import type { Operator, TaskContext } from "./operator/operator.ts";
import { OperatorBase } from "./operator/operator-base.ts";

export class FilterOperator extends OperatorBase {
  readonly #input: Operator;
  readonly #predicate: Predicate;
  readonly #selector: RowSelector;
  /** Position in the input of each output column. */
  readonly #source: readonly number[];

  constructor(context: TaskContext, node: FilterNode, input: Operator) {
    super("filter", context, node.columns, [input]);
    this.#input = input;
    this.#predicate = compilePredicate(node.predicate, input.columns, context);
    this.#selector = new RowSelector(context.memory);
    this.#source = node.columns.map(({ id }) => input.columns.findIndex((column) => column.id === id));
  }

  protected async nextBatch(): Promise<Batch | null> {
    for (let batch = await this.#input.next(); batch !== null; batch = await this.#input.next()) {
      this.count("rowsIn", batch.length);
      const { ids, count } = this.#predicate.select(batch);
      if (count === 0) continue;
      const columns = this.#source.map((index) => batch.columns[index]!);
      if (count === batch.length) return { length: count, columns };
      return this.#selector.selectBatch({ length: batch.length, columns }, ids, count);
    }
    return null;
  }

  protected override async closeSelf(): Promise<void> {
    this.#predicate.close();
    this.#selector.free();
  }
}

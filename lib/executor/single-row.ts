/** Exactly one row: the input's, or a row of NULLs when it has none; more are an error. For scalar subqueries. */
import { physicalBytes, physicalKind } from "../arrow/types.ts";
import type { Batch, Vector } from "../arrow/vector.ts";
import { QueryError } from "../errors.ts";
import type { SingleRowNode } from "../physical/plan.ts";
import { ColumnStore } from "./join/column-store.ts";
import type { Operator, TaskContext } from "./operator/operator.ts";
import { OperatorBase } from "./operator/operator-base.ts";

export class SingleRowOperator extends OperatorBase {
  readonly #node: SingleRowNode;
  readonly #input: Operator;
  readonly #row: ColumnStore;
  #done = false;

  constructor(context: TaskContext, node: SingleRowNode, input: Operator) {
    super("single_row", context, node.columns, [input]);
    this.#node = node;
    this.#input = input;
    this.#row = new ColumnStore(
      context.memory,
      node.columns.map(({ type }) => type),
    );
  }

  protected override async nextBatch(): Promise<Batch | null> {
    if (this.#done) return null;
    this.#done = true;
    for (let batch = await this.#input.next(); batch !== null; batch = await this.#input.next()) {
      if (this.#row.rows + batch.length > 1) {
        const { span } = this.#node;
        throw new QueryError("cardinality", "a scalar subquery gave more than one row", { span });
      }
      this.#row.append(batch.columns, batch.length);
    }
    if (this.#row.rows === 0) return { length: 1, columns: this.#nulls() };
    return { length: 1, columns: this.columns.map((_, i) => this.#row.column(i)) };
  }

  protected override async closeSelf(): Promise<void> {
    this.#row.clear();
  }

  #nulls(): Vector[] {
    return this.columns.map(({ type }) => {
      const physical = physicalKind(type);
      const data = this.arena.allocZeroed(physicalBytes[physical]);
      return { kind: "flat", type, physical, length: 1, data, validity: this.arena.allocZeroed(1) };
    });
  }
}

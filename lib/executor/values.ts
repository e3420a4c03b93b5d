/** Rows written in the query: constant expressions, evaluated once. */
import { BatchBuilder } from "../arrow/batch-builder.ts";
import { FlattenBuffer } from "../arrow/flatten.ts";
import type { Batch } from "../arrow/vector.ts";
import type { Expr } from "../expr/expr.ts";
import type { ValuesNode } from "../physical/plan.ts";
import { compileExpressions } from "./expression/expression-set.ts";
import type { TaskContext } from "./operator/operator.ts";
import { OperatorBase } from "./operator/operator-base.ts";

export class ValuesOperator extends OperatorBase {
  readonly #rows: readonly (readonly Expr[])[];
  readonly #builder: BatchBuilder;
  readonly #flatten: FlattenBuffer;
  #emitted = 0;

  constructor(context: TaskContext, node: ValuesNode) {
    super("values", context, node.columns);
    this.#rows = node.rows;
    this.#builder = new BatchBuilder(
      context.memory,
      node.columns.map(({ type }) => type),
    );
    this.#flatten = new FlattenBuffer(context.memory);
  }

  protected override async nextBatch(): Promise<Batch | null> {
    this.#builder.clear();
    const from = this.#emitted;
    const to = Math.min(this.#rows.length, from + this.context.batchRows);
    if (from === to) return null;
    this.#emitted = to;
    for (const row of this.#rows.slice(from, to)) this.#append(row);
    return { length: to - from, columns: this.#builder.batch().columns };
  }

  protected override async closeSelf(): Promise<void> {
    this.#builder.free();
    this.#flatten.free();
  }

  /** A row of no columns still counts. */
  #append(row: readonly Expr[]): void {
    const expressions = compileExpressions(row, [], this.context);
    try {
      const vectors = expressions.evaluate({ length: 1, columns: [] });
      for (const [index, vector] of vectors.entries()) {
        this.#builder.columns[index]!.append(this.#flatten.flatten(vector), 0, 1);
      }
    } finally {
      expressions.close();
    }
  }
}

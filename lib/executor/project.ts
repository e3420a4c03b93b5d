/** Computes expressions over each batch. */
import type { Batch } from "../arrow/vector.ts";
import type { ProjectNode } from "../physical/plan.ts";
import { compileExpressions, type ExpressionSet } from "./expression/expression-set.ts";
import type { Operator, TaskContext } from "./operator/operator.ts";
import { OperatorBase } from "./operator/operator-base.ts";

export class ProjectOperator extends OperatorBase {
  readonly #input: Operator;
  readonly #expressions: ExpressionSet;

  constructor(context: TaskContext, node: ProjectNode, input: Operator) {
    super("project", context, node.columns, [input]);
    this.#input = input;
    this.#expressions = compileExpressions(node.exprs, input.columns, context);
  }

  protected async nextBatch(): Promise<Batch | null> {
    const batch = await this.#input.next();
    return batch && { length: batch.length, columns: this.#expressions.evaluate(batch) };
  }

  protected override async closeSelf(): Promise<void> {
    this.#expressions.close();
  }
}

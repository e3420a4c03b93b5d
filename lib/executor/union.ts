/** All rows of its inputs, one input after the other. Columns match by position. */
import type { Batch } from "../arrow/vector.ts";
import { QueryError } from "../errors.ts";
import type { UnionNode } from "../physical/plan.ts";
import type { Operator, TaskContext } from "./operator/operator.ts";
import { OperatorBase } from "./operator/operator-base.ts";

export class UnionOperator extends OperatorBase {
  #current = -1;

  constructor(context: TaskContext, node: UnionNode, inputs: readonly Operator[]) {
    super("union", context, node.columns, inputs);
    if (inputs.some(({ columns }) => columns.length !== node.columns.length)) {
      throw new QueryError("internal", "the inputs of a union differ in their number of columns");
    }
  }

  /** Inputs open when their turn comes, so that only one of them holds memory. */
  protected override async openSelf(): Promise<void> {}

  protected override async nextBatch(): Promise<Batch | null> {
    while (this.#current < this.children.length) {
      const batch = this.#current < 0 ? null : await this.children[this.#current]!.next();
      if (batch !== null) return batch;
      if (this.#current >= 0) await this.children[this.#current]!.close();
      this.#current++;
      await this.children[this.#current]?.open();
    }
    return null;
  }
}

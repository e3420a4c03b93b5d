/** Skips rows, then gives at most `limit`: it stops asking its input as soon as it has enough. */
import { sliceBatch } from "../arrow/slice.ts";
import type { Batch } from "../arrow/vector.ts";
import type { LimitNode } from "../physical/plan.ts";
import { columnPositions } from "./keys/key-columns.ts";
import type { Operator, TaskContext } from "./operator/operator.ts";
import { OperatorBase } from "./operator/operator-base.ts";

export class LimitOperator extends OperatorBase {
  /** Where the output's columns stand in the input. */
  readonly #positions: readonly number[];
  #skip: number;
  #left: number;

  constructor(context: TaskContext, node: LimitNode, input: Operator) {
    super("limit", context, node.columns, [input]);
    this.#positions = columnPositions(node.columns, input.columns);
    this.#skip = node.offset;
    this.#left = node.limit ?? Number.POSITIVE_INFINITY;
  }

  protected override async nextBatch(): Promise<Batch | null> {
    while (this.#left > 0) {
      const batch = await this.children[0]!.next();
      if (batch === null) return null;
      const from = Math.min(this.#skip, batch.length);
      this.#skip -= from;
      const to = Math.min(batch.length, from + this.#left);
      if (from === to) continue;
      this.#left -= to - from;
      const columns = this.#positions.map((position) => batch.columns[position]!);
      return sliceBatch({ length: batch.length, columns }, from, to);
    }
    return null;
  }
}

/** Expressions compiled together, once per task, and evaluated batch by batch. */
import type { Batch, Vector } from "../../arrow/vector.ts";
import type { Column, Expr } from "../../expr/expr.ts";
import type { TaskContext } from "../operator/operator.ts";
import { compileNode } from "./compile-node.ts";
import { Rows } from "./rows.ts";
import { Scope } from "./scope.ts";

export interface ExpressionSet {
  /** One vector per expression, of the batch's length; valid until the next batch. @throws QueryError */
  evaluate(batch: Batch): Vector[];
  close(): void;
}

/** @param inputColumns the columns of the batches, by position */
export function compileExpressions(
  exprs: readonly Expr[],
  inputColumns: readonly Column[],
  context: Pick<TaskContext, "memory">,
): ExpressionSet {
  const scope = new Scope(context.memory, inputColumns, true);
  const nodes = exprs.map((expr) => compileNode(expr, scope));
  return {
    evaluate(batch) {
      const rows = new Rows(batch.columns, batch.length);
      return nodes.map((node) => node.evaluate(rows));
    },
    close: () => scope.close(),
  };
}

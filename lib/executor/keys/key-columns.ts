/** Key expressions (of a sort or an exchange) over the columns of a batch. */
import type { Batch, Vector } from "../../arrow/vector.ts";
import { QueryError } from "../../errors.ts";
import type { Column, ColumnId, Expr } from "../../expr/expr.ts";
import { compileExpressions } from "../expression/expression-set.ts";
import type { TaskContext } from "../operator/operator.ts";

export interface KeyColumns {
  /** Position of each key that is a plain column; undefined for computed ones. */
  readonly positions: readonly (number | undefined)[];
  /** One vector per key, of the batch's length; valid until the next call. */
  evaluate(batch: Batch): readonly Vector[];
  close(): void;
}

export function keyColumns(keys: readonly Expr[], columns: readonly Column[], context: TaskContext): KeyColumns {
  const positions = keys.map((key) => (key.kind === "column" ? columnPosition(key.id, columns) : undefined));
  const computed = compileExpressions(
    keys.filter((_, i) => positions[i] === undefined),
    columns,
    context,
  );
  return {
    positions,
    evaluate(batch) {
      const vectors = computed.evaluate(batch)[Symbol.iterator]();
      return positions.map((position) => (position === undefined ? vectors.next().value! : batch.columns[position]!));
    },
    close: () => computed.close(),
  };
}

/** Where columns stand in an operator's input. */
export function columnPosition(id: ColumnId, columns: readonly Column[]): number {
  const position = columns.findIndex((column) => column.id === id);
  if (position < 0) throw new QueryError("internal", `column #${id} is not in its operator's input`);
  return position;
}

/** Where an operator that passes columns on finds them in its input. */
export function columnPositions(wanted: readonly Column[], columns: readonly Column[]): readonly number[] {
  return wanted.map(({ id }) => columnPosition(id, columns));
}

/** The rows an expression is evaluated over. Nodes remember their result by this object: one object, one evaluation. */
import type { Vector } from "../../arrow/vector.ts";

export class Rows {
  readonly columns: readonly Vector[];
  readonly length: number;

  constructor(columns: readonly Vector[], length: number) {
    this.columns = columns;
    this.length = length;
  }
}

/** A part of an expression that runs for some of the rows only, so that no other row can make it fail. */
import { RowSelector } from "../../arrow/select-rows.ts";
import type { Vector } from "../../arrow/vector.ts";
import type { LinearMemory } from "../../kernels/memory.ts";
import type { ExpressionNode } from "./node.ts";
import type { RowSet } from "./row-set.ts";
import { Rows } from "./rows.ts";

export class Branch {
  /** Compiled apart: its registers are not those of the rows around it. */
  readonly node: ExpressionNode;
  readonly #selector: RowSelector;
  /** Indexes of the columns the node reads. */
  readonly #used: readonly number[];

  constructor(memory: LinearMemory, node: ExpressionNode, used: readonly number[]) {
    this.node = node;
    this.#selector = new RowSelector(memory);
    this.#used = used;
  }

  /** These rows' columns; the value over them is `node.evaluate` or `node.flat` of the result. */
  rowsOf(rows: Rows, set: RowSet): Rows {
    if (set.ids === 0) return new Rows(rows.columns, rows.length);
    this.#selector.begin(set.ids, set.count);
    const columns: Vector[] = [];
    for (const index of this.#used) columns[index] = this.#selector.select(rows.columns[index]!);
    return new Rows(columns, set.count);
  }

  close(): void {
    this.#selector.free();
  }
}

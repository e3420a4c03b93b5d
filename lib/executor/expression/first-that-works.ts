/** Two ways to compute the same: a fast one that may give up (as on text that is not ASCII), and one that never does. */
import type { Vector } from "../../arrow/vector.ts";
import { QueryError } from "../../errors.ts";
import type { LinearMemory } from "../../kernels/memory.ts";
import { ExpressionNode } from "./node.ts";
import type { Rows } from "./rows.ts";

/** How a kernel node gives up. */
export function giveUp(): QueryError {
  return new QueryError("internal", "a kernel gave up where nothing takes over");
}

export class FirstThatWorks extends ExpressionNode {
  readonly #fast: ExpressionNode;
  readonly #sure: ExpressionNode;
  readonly #inputs: readonly ExpressionNode[];

  /** @param inputs of both: their errors are not the fast way's failure */
  constructor(memory: LinearMemory, fast: ExpressionNode, sure: ExpressionNode, inputs: readonly ExpressionNode[]) {
    super(memory, sure.type);
    this.#fast = fast;
    this.#sure = sure;
    this.#inputs = inputs;
  }

  protected compute(rows: Rows): Vector {
    for (const input of this.#inputs) input.evaluate(rows);
    try {
      return this.#fast.evaluate(rows);
    } catch (error) {
      if (!(error instanceof QueryError)) throw error;
      return this.#sure.evaluate(rows);
    }
  }

  protected override computeBits(vector: Vector, rows: Rows): number {
    return this.#fast.isKnown(rows) ? this.#fast.bits(rows) : super.computeBits(vector, rows);
  }
}

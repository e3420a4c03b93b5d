/** A function without kernels: its reference implementation, row by row on single values. */

import type { DataType } from "../../arrow/types.ts";
import type { Value } from "../../arrow/value.ts";
import { readValue, ValueWriter } from "../../arrow/value-access.ts";
import type { Vector } from "../../arrow/vector.ts";
import { located, type Span } from "../../errors.ts";
import type { LinearMemory } from "../../kernels/memory.ts";
import { ExpressionNode } from "./node.ts";
import type { Rows } from "./rows.ts";

export class FallbackNode extends ExpressionNode {
  readonly #args: readonly ExpressionNode[];
  readonly #evaluate: (values: readonly Value[]) => Value;
  readonly #strict: boolean;
  readonly #span: Span | undefined;
  readonly #writer: ValueWriter;

  /** @param strict any NULL argument makes the result NULL, and evaluate is not asked */
  constructor(
    memory: LinearMemory,
    type: DataType,
    args: readonly ExpressionNode[],
    evaluate: (values: readonly Value[]) => Value,
    strict: boolean,
    span?: Span,
  ) {
    super(memory, type);
    this.#args = args;
    this.#evaluate = evaluate;
    this.#strict = strict;
    this.#span = span;
    this.#writer = new ValueWriter(memory, type);
  }

  protected compute(rows: Rows): Vector {
    const inputs = this.#args.map((arg) => arg.evaluate(rows));
    const results: Value[] = new Array(rows.length);
    const values: Value[] = new Array(inputs.length);
    for (let row = 0; row < rows.length; row++) {
      let anyNull = false;
      for (let i = 0; i < inputs.length; i++) {
        values[i] = readValue(this.memory, inputs[i]!, row);
        anyNull ||= values[i] === null;
      }
      results[row] = anyNull && this.#strict ? null : this.#call(values);
    }
    return this.#writer.write(results);
  }

  override close(): void {
    super.close();
    this.#writer.free();
  }

  #call(values: readonly Value[]): Value {
    return located(this.#span, () => this.#evaluate(values));
  }
}

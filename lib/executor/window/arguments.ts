/** The arguments of a window function over a block: columns as they are, constants, and what a FILTER leaves of them. */
import { FlattenBuffer } from "../../arrow/flatten.ts";
import type { FlatVector, Vector } from "../../arrow/vector.ts";
import type { Column, WindowCall } from "../../expr/expr.ts";
import type { Ptr } from "../../kernels/memory.ts";
import { compileExpressions, type ExpressionSet } from "../expression/expression-set.ts";
import type { TaskContext } from "../operator/operator.ts";
import type { WindowBlock } from "./window-block.ts";

export class ArgumentVectors {
  readonly #args: ExpressionSet;
  readonly #filter: ExpressionSet | undefined;
  readonly #flatten: readonly FlattenBuffer[];
  readonly #flattenFilter: FlattenBuffer;

  constructor(call: WindowCall, columns: readonly Column[], context: TaskContext) {
    this.#args = compileExpressions(call.args, columns, context);
    this.#filter = call.filter && compileExpressions([call.filter], columns, context);
    this.#flatten = call.args.map(() => new FlattenBuffer(context.memory));
    this.#flattenFilter = new FlattenBuffer(context.memory);
  }

  /** One vector per argument. */
  of(block: WindowBlock): readonly Vector[] {
    return this.#args.evaluate(block);
  }

  /** The same, flat. */
  flat(block: WindowBlock): readonly FlatVector[] {
    return this.of(block).map((vector, i) => this.#flatten[i]!.flatten(vector));
  }

  /** Which rows pass the FILTER, a byte a row; 0: all of them. */
  passing(block: WindowBlock): Ptr {
    if (!this.#filter) return 0;
    const filter = this.#flattenFilter.flatten(this.#filter.evaluate(block)[0]!);
    const out = block.arena.alloc(block.length);
    block.memory.kernels.bothBytes(filter.data, filter.validity, block.length, out);
    return out;
  }

  free(): void {
    this.#args.close();
    this.#filter?.close();
    this.#flattenFilter.free();
    for (const buffer of this.#flatten) buffer.free();
  }
}

/** Functions of text through kernels. Undefined: not one of them. */
import { type DataType, types } from "../../arrow/types.ts";
import type { FlatVector } from "../../arrow/vector.ts";
import type { CallExpr } from "../../expr/expr.ts";
import { GrowableBlock } from "../../kernels/growable-block.ts";
import type { LinearMemory, Ptr } from "../../kernels/memory.ts";
import { giveUp } from "./first-that-works.ts";
import { KernelNode, StrictNode } from "./kernel-node.ts";
import type { ExpressionNode } from "./node.ts";
import type { Rows } from "./rows.ts";

/** A node that may give up on text that is not ASCII. */
export function textNode(
  memory: LinearMemory,
  expr: CallExpr,
  args: readonly ExpressionNode[],
): ExpressionNode | undefined {
  const { kernels } = memory;
  const [a, b] = args;
  const isText = a?.type.kind === "varchar";
  const unary = (type: DataType, run: (values: Ptr, n: number, out: Ptr) => number) =>
    new KernelNode(memory, type, args, ([x], n, out) => run(x!.data, n, out), giveUp);
  switch (expr.fn) {
    case "length":
      return isText && args.length === 1 ? unary(types.int64, kernels.textLengths) : undefined;
    case "octet_length":
      return a && args.length === 1 ? unary(types.int64, kernels.byteLengths) : undefined;
    case "substring":
      if (!isText || !args.slice(1).every(({ type }) => type.kind === "int64")) return undefined;
      return new KernelNode(memory, expr.type, args, ([s, from, count], n, out) =>
        kernels.substrings(s!.data, from!.data, count ? count.data : 0, n, out),
      );
    case "left": {
      const count = expr.args[1];
      const isPlain = count?.kind === "literal" && typeof count.value === "string" && !count.value.startsWith("-");
      if (!isText || !isPlain) return undefined;
      return new KernelNode(memory, expr.type, args, ([s, count], n, out) =>
        kernels.firstCharacters(s!.data, count!.data, n, out),
      );
    }
    case "trim":
    case "ltrim":
    case "rtrim": {
      const sides = { trim: 3, ltrim: 1, rtrim: 2 }[expr.fn];
      if (!isText || args.length !== 1) return undefined;
      return unary(expr.type, (values, n, out) => kernels.trimSpaces(values, sides, n, out));
    }
    case "lower":
    case "upper":
      return isText ? new CaseMappingNode(memory, a, expr.fn === "upper") : undefined;
    case "concat_op":
      return a && b ? new ConcatenationNode(memory, expr.type, [a, b]) : undefined;
    case "strpos":
      return isText && b ? binaryNode(memory, types.int64, args, kernels.positions) : undefined;
    case "contains":
    case "starts_with":
    case "ends_with": {
      const how = { contains: 0, starts_with: 1, ends_with: 2 }[expr.fn];
      if (!isText || !b) return undefined;
      return binaryNode(memory, types.boolean, args, (x, y, n, out) => kernels.occurs(how, x, y, n, out));
    }
    default:
      return undefined;
  }
}

function binaryNode(
  memory: LinearMemory,
  type: DataType,
  args: readonly ExpressionNode[],
  run: (a: Ptr, b: Ptr, n: number, out: Ptr) => number,
): ExpressionNode {
  return new KernelNode(memory, type, args, ([a, b], n, out) => run(a!.data, b!.data, n, out), giveUp);
}

/** A node whose results are new bytes, in a buffer of its own that each batch starts afresh. */
abstract class BytesNode extends StrictNode {
  readonly #bytes: GrowableBlock;

  constructor(memory: LinearMemory, type: DataType, args: readonly ExpressionNode[]) {
    super(memory, type, args);
    this.#bytes = new GrowableBlock(memory);
  }

  /** 0, or not when it gives up. */
  protected abstract fill(inputs: readonly FlatVector[], validity: Ptr, n: number, bytes: Ptr, out: Ptr): number;

  protected run(rows: Rows, validity: Ptr): FlatVector {
    const { length } = rows;
    const { type } = this;
    const inputs = this.args.map((arg) => arg.flat(rows));
    const { totalBytes } = this.memory.kernels;
    const total = inputs.reduce((sum, input) => sum + totalBytes(input.data, validity, length), 0);
    const bytes = this.#bytes.ensure(total);
    const data = this.output(length, "view");
    if (this.fill(inputs, validity, length, bytes, data) !== 0) throw giveUp();
    return { kind: "flat", type, physical: "view", length, data, validity };
  }

  override close(): void {
    super.close();
    this.#bytes.free();
  }
}

class CaseMappingNode extends BytesNode {
  readonly #upper: boolean;

  constructor(memory: LinearMemory, input: ExpressionNode, upper: boolean) {
    super(memory, types.varchar, [input]);
    this.#upper = upper;
  }

  protected fill(inputs: readonly FlatVector[], validity: Ptr, n: number, bytes: Ptr, out: Ptr): number {
    return this.memory.kernels.asciiCase(this.#upper ? 1 : 0, inputs[0]!.data, validity, n, bytes, out);
  }
}

/** a || b */
export class ConcatenationNode extends BytesNode {
  protected fill([a, b]: readonly FlatVector[], validity: Ptr, n: number, bytes: Ptr, out: Ptr): number {
    return this.memory.kernels.concatenate(a!.data, b!.data, validity, n, bytes, out);
  }
}

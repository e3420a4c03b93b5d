/** Rounding and square roots through kernels. Undefined: not one of them. */
import type { CallExpr, Expr } from "../../expr/expr.ts";
import type { LinearMemory } from "../../kernels/memory.ts";
import { RescaleNode } from "./cast-node.ts";
import { giveUp } from "./first-that-works.ts";
import { KernelNode } from "./kernel-node.ts";
import type { ExpressionNode } from "./node.ts";

const kernelNumbers: Readonly<Record<string, number>> = { round: 0, floor: 1, ceil: 2, trunc: 3, sqrt: 4 };

/** A node that gives up where the reference implementation has to say what is wrong. */
export function mathNode(
  memory: LinearMemory,
  expr: CallExpr,
  args: readonly ExpressionNode[],
): ExpressionNode | undefined {
  const number = kernelNumbers[expr.fn];
  const [input] = args;
  const digits = args.length === 1 ? 0 : constantNumber(expr.args[1]);
  if (number === undefined || !input || args.length > 2 || digits === undefined) return undefined;
  const { type } = expr;
  if (type.kind === "decimal" && input.type.kind === "decimal") {
    // Fewer digits after the point and no fewer before it: what a cast does.
    const exact = expr.fn === "round" && digits >= 0;
    return exact ? new RescaleNode(memory, input, input.type, type) : undefined;
  }
  if (type.kind !== "float64" || input.type.kind !== "float64") return undefined;
  const { roundF64, roundDigitsF64 } = memory.kernels;
  if (digits === 0)
    return new KernelNode(memory, type, [input], ([x], n, out) => roundF64(number, x!.data, n, out), giveUp);
  if (expr.fn !== "round" || digits < 0 || digits > 300) return undefined;
  const factor = 10 ** digits;
  return new KernelNode(memory, type, [input], ([x], n, out) => roundDigitsF64(x!.data, n, factor, out), giveUp);
}

function constantNumber(expr: Expr | undefined): number | undefined {
  return expr?.kind === "literal" && typeof expr.value === "number" ? expr.value : undefined;
}

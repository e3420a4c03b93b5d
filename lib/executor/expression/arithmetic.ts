/** + - * / % neg abs over integers, floats and decimals. Undefined: not one of these. */
import { type DataType, physicalKind, typeName } from "../../arrow/types.ts";
import { QueryError } from "../../errors.ts";
import type { CallExpr } from "../../expr/expr.ts";
import type { KernelExports } from "../../kernels/exports.gen.ts";
import type { LinearMemory, Ptr } from "../../kernels/memory.ts";
import { DecimalProductNode, DecimalSumNode } from "./decimal-nodes.ts";
import { KernelNode } from "./kernel-node.ts";
import type { ExpressionNode } from "./node.ts";

type Binary = (a: Ptr, b: Ptr, n: number, out: Ptr) => number;
type Unary = (a: Ptr, n: number, out: Ptr) => number;

const names: Readonly<Record<string, string>> = {
  "+": "add",
  "-": "sub",
  "*": "mul",
  "/": "div",
  "%": "mod",
  neg: "neg",
  abs: "abs",
};
const suffixes: Readonly<Record<string, string>> = {
  i8: "I8",
  i16: "I16",
  i32: "I32",
  i64: "I64",
  f32: "F32",
  f64: "F64",
  i128: "I128",
};

function isNumber(type: DataType): boolean {
  return /^(int|float|decimal)/.test(type.kind);
}

export function arithmeticNode(
  memory: LinearMemory,
  expr: CallExpr,
  args: readonly ExpressionNode[],
): ExpressionNode | undefined {
  const name = names[expr.fn];
  const { type } = expr;
  if (!name || !isNumber(type) || !args.every((arg) => arg.type.kind === type.kind)) return undefined;
  const fail = (code: number) => arithmeticError(code, expr);
  if (type.kind === "decimal" && args.length === 2) {
    if (expr.fn === "*") return new DecimalProductNode(memory, type, args, fail);
    if (expr.fn === "+" || expr.fn === "-") return new DecimalSumNode(memory, type, args, expr.fn, fail);
  }
  const kernel = memory.kernels[`${name}${suffixes[physicalKind(type)]}` as keyof KernelExports];
  if (!kernel || !args.every((arg) => physicalKind(arg.type) === physicalKind(type))) return undefined;
  if (args.length === 2) {
    const run = kernel as unknown as Binary;
    return new KernelNode(memory, type, args, ([a, b], n, out) => run(a!.data, b!.data, n, out), fail);
  }
  if (args.length !== 1 || !/^(neg|abs)$/.test(name)) return undefined;
  const run = kernel as unknown as Unary;
  return new KernelNode(memory, type, args, ([a], n, out) => run(a!.data, n, out), fail);
}

/** Codes: bit 0 overflow, bit 1 a zero divisor. */
export function arithmeticError(code: number, { fn, args, type, span }: CallExpr): QueryError {
  const options = span ? { span } : {};
  if (code & 2) return new QueryError("invalid_argument", "division by zero", options);
  const operands = args.map((arg) => typeName(arg.type));
  const call = operands.length === 2 ? operands.join(` ${fn} `) : `${fn}(${operands.join(", ")})`;
  return new QueryError("overflow", `the result of ${call} is out of the range of ${typeName(type)}`, options);
}

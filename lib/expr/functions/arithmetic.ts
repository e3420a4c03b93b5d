/** + - * / % and the bitwise operators over numbers; over dates and intervals they resolve to functions of date-arithmetic.ts. */
import { type DataType, decimalPrecisionMax, typeName, types } from "../../arrow/types.ts";
import type { Value } from "../../arrow/value.ts";
import { QueryError } from "../../errors.ts";
import { toDecimal, toInteger } from "../checked.ts";
import {
  type Arg,
  commonArgType,
  commonDecimal,
  type DecimalType,
  decimalOf,
  isInteger,
  isNumeric,
} from "../coercion.ts";
import { resolveDateArithmetic } from "./date-arithmetic.ts";
import type { CallSite, Resolution, ScalarFunction } from "./scalar-function.ts";

type Resolved = Omit<Resolution, "fn"> | undefined;

/** The type both sides meet in, if it is a number; NULL with NULL counts as BIGINT. */
function numericType(args: readonly Arg[]): DataType | undefined {
  const type = commonArgType(args);
  if (type?.kind === "null") return types.int64;
  return type && isNumeric(type) ? type : undefined;
}

/** A side of decimal arithmetic: its own decimal, or (for text and NULL) the common one. */
function decimalSide(arg: Arg, common: DecimalType): DecimalType {
  return decimalOf(arg) ?? common;
}

/** Sums need one scale on both sides; the precisions may differ. */
function resolveSum(args: readonly Arg[]): Resolved {
  const type = numericType(args);
  if (type?.kind !== "decimal") return type && { argTypes: [type, type], type };
  const [a, b] = args.map((arg) => decimalSide(arg, type)) as [DecimalType, DecimalType];
  const common = commonDecimal(a, b);
  const precision = Math.min(common.precision + 1, decimalPrecisionMax);
  return {
    argTypes: [atScale(a, common.scale), atScale(b, common.scale)],
    type: types.decimal(precision, common.scale),
  };
}

/** A decimal with as many digits before the point as `type`, as far as 38 allow, and `scale` after it. */
export function atScale(type: DecimalType, scale: number): DecimalType {
  return types.decimal(Math.min(type.precision - type.scale + scale, decimalPrecisionMax), scale);
}

function resolveProduct(args: readonly Arg[]): Resolved {
  const type = numericType(args);
  if (type?.kind !== "decimal") return type && { argTypes: [type, type], type };
  const [a, b] = args.map((arg) => decimalSide(arg, type)) as [DecimalType, DecimalType];
  const scale = a.scale + b.scale;
  if (scale > decimalPrecisionMax) {
    const message = `${typeName(a)} * ${typeName(b)} needs ${scale} digits after the point, more than ${decimalPrecisionMax}`;
    throw new QueryError("overflow", message, { hint: "cast one side to a smaller scale or to DOUBLE" });
  }
  return { argTypes: [a, b], type: types.decimal(Math.min(a.precision + b.precision, decimalPrecisionMax), scale) };
}

function resolveQuotient(args: readonly Arg[]): Resolved {
  const common = numericType(args);
  const type = common?.kind === "decimal" ? types.float64 : common;
  return type && { argTypes: [type, type], type };
}

function resolveRemainder(args: readonly Arg[]): Resolved {
  const type = numericType(args);
  if (type?.kind !== "decimal") return type && { argTypes: [type, type], type };
  const [a, b] = args.map((arg) => decimalSide(arg, type)) as [DecimalType, DecimalType];
  const common = commonDecimal(a, b);
  return { argTypes: [common, common], type: common };
}

interface Operation {
  readonly symbol: string;
  float(a: number, b: number): number;
  exact(a: bigint, b: bigint): bigint;
}

function evaluateWith(operation: Operation): (values: readonly Value[], site: CallSite) => Value {
  const { symbol, float, exact } = operation;
  return ([a, b], { type }) => {
    if (type.kind === "float64") return float(a as number, b as number);
    if (type.kind === "float32") return Math.fround(float(a as number, b as number));
    const result = exact(BigInt(a as number | bigint), BigInt(b as number | bigint));
    if (type.kind === "decimal") return toDecimal(result, type, () => `the result of ${symbol}`);
    return toInteger(result, type, () => `${a} ${symbol} ${b}`);
  };
}

function nonZero(divisor: bigint): bigint {
  if (divisor === 0n) throw new QueryError("invalid_argument", "division by zero");
  return divisor;
}

const exactCanFail = (_: readonly DataType[], type: DataType) => isInteger(type) || type.kind === "decimal";

const numbers = ["number, number -> number"];

function bitwise(
  name: string,
  about: string,
  compute: (a: bigint, b: bigint, type: DataType) => bigint,
  aliases: string[] = [],
): ScalarFunction {
  return {
    name,
    aliases,
    about,
    signatures: ["integer, integer -> integer"],
    evaluate: ([a, b], { type }) => {
      const result = compute(BigInt(a as number | bigint), BigInt(b as number | bigint), type);
      return toInteger(result, type, () => `${a} ${name} ${b}`);
    },
  };
}

const integerBits: Readonly<Record<string, bigint>> = { int8: 8n, int16: 16n, int32: 32n, int64: 64n };

function shiftLeft(value: bigint, count: bigint, type: DataType): bigint {
  if (value < 0n || count < 0n || (value !== 0n && count >= integerBits[type.kind]!)) {
    throw new QueryError("invalid_argument", `cannot shift ${value} left by ${count}`);
  }
  return value === 0n ? 0n : value << count;
}

/** Keeps the sign; by a negative count, or by the width or more, it leaves 0. */
function shiftRight(value: bigint, count: bigint, type: DataType): bigint {
  return count < 0n || count >= integerBits[type.kind]! ? 0n : value >> count;
}

export const arithmeticFunctions: readonly ScalarFunction[] = [
  {
    name: "+",
    aliases: ["add"],
    signatures: [
      ...numbers,
      "date, int64 -> date",
      "timestamp, interval -> timestamp",
      "interval, interval -> interval",
    ],
    resolve: (args) =>
      args.length === 1 ? unchanged(args) : (resolveDateArithmetic("+", args) ?? binary(args, resolveSum)),
    canFail: exactCanFail,
    evaluate: (values, site) =>
      values.length === 1
        ? values[0]!
        : evaluateWith({ symbol: "+", float: (a, b) => a + b, exact: (a, b) => a + b })(values, site),
    about: "Sum. Integers and decimals fail on overflow.",
  },
  {
    name: "-",
    aliases: ["subtract"],
    signatures: [
      ...numbers,
      "date, int64 -> date",
      "date, date -> int64",
      "timestamp, interval -> timestamp",
      "timestamp, timestamp -> interval",
      "interval, interval -> interval",
    ],
    resolve: (args) => resolveDateArithmetic("-", args) ?? binary(args, resolveSum),
    canFail: exactCanFail,
    evaluate: evaluateWith({ symbol: "-", float: (a, b) => a - b, exact: (a, b) => a - b }),
    about: "Difference.",
  },
  {
    name: "*",
    aliases: ["multiply"],
    signatures: [...numbers, "interval, float64 -> interval"],
    resolve: (args) => resolveDateArithmetic("*", args) ?? binary(args, resolveProduct),
    canFail: exactCanFail,
    evaluate: evaluateWith({ symbol: "*", float: (a, b) => a * b, exact: (a, b) => a * b }),
    about: "Product. The scales of decimals add up.",
  },
  {
    name: "/",
    aliases: ["//", "divide"],
    signatures: [...numbers, "interval, float64 -> interval"],
    resolve: (args) => resolveDateArithmetic("/", args) ?? binary(args, resolveQuotient),
    canFail: exactCanFail,
    evaluate: evaluateWith({ symbol: "/", float: (a, b) => a / b, exact: (a, b) => a / nonZero(b) }),
    about: "Quotient: of integers an integer, rounded towards zero; of decimals a DOUBLE.",
  },
  {
    name: "%",
    aliases: ["mod"],
    signatures: numbers,
    resolve: (args) => binary(args, resolveRemainder),
    canFail: exactCanFail,
    evaluate: evaluateWith({ symbol: "%", float: (a, b) => a % b, exact: (a, b) => a % nonZero(b) }),
    about: "Remainder, with the sign of the dividend.",
  },
  {
    name: "neg",
    aliases: ["negate"],
    signatures: ["number -> number", "interval -> interval"],
    resolve: (args) => {
      if (args[0]?.type.kind === "interval")
        return { fn: "interval_neg", argTypes: [types.interval], type: types.interval };
      return unchanged(args);
    },
    canFail: (_, type) => isInteger(type),
    evaluate: ([value], { type }) => {
      if (typeof value === "bigint" && type.kind === "decimal") return -value;
      if (type.kind === "float32" || type.kind === "float64") return -(value as number);
      return toInteger(-BigInt(value as number | bigint), type, () => `-(${value})`);
    },
    about: "Negation, the operator -x.",
  },
  bitwise("&", "Bitwise and.", (a, b) => a & b, ["bitwise_and"]),
  bitwise("|", "Bitwise or.", (a, b) => a | b, ["bitwise_or"]),
  bitwise("xor", "Bitwise exclusive or.", (a, b) => a ^ b, ["#", "bitwise_xor"]),
  {
    ...bitwise("<<", "Shift left; an error for negative numbers and on overflow.", shiftLeft, ["shift_left"]),
    canFail: true,
  },
  bitwise(">>", "Shift right, keeping the sign.", shiftRight, ["shift_right"]),
  {
    name: "~",
    aliases: ["bitwise_not"],
    signatures: ["integer -> integer"],
    evaluate: ([value]) => (typeof value === "bigint" ? ~value : ~(value as number)),
    about: "Bitwise not.",
  },
];

function unchanged(args: readonly Arg[]): Resolved {
  if (args.length !== 1) return undefined;
  const type = numericType(args);
  return type && { argTypes: [type], type };
}

function binary(args: readonly Arg[], resolve: (args: readonly Arg[]) => Resolved): Resolved {
  return args.length === 2 ? resolve(args) : undefined;
}

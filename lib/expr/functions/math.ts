/** Mathematical functions: rounding, powers, trigonometry, whole numbers. */
import { type DataType, decimalPrecisionMax, types } from "../../arrow/types.ts";
import type { Value } from "../../arrow/value.ts";
import { QueryError } from "../../errors.ts";
import { roundHalfAway, roundHalfEven } from "../cast.ts";
import { divideRounded, powerOfTen, toDecimal, toInteger } from "../checked.ts";
import { type Arg, commonArgType, isFloat, isInteger, isNumeric } from "../coercion.ts";
import type { CallSite, Resolution, ScalarFunction } from "./scalar-function.ts";

function real(name: string, run: (x: number) => number, about: string, aliases: string[] = []): ScalarFunction {
  return { name, aliases, signatures: ["float64 -> float64"], evaluate: ([x]) => run(x as number), about };
}

/** A real function that is not defined everywhere. */
function partial(
  name: string,
  inside: (x: number) => boolean,
  run: (x: number) => number,
  about: string,
  aliases: string[] = [],
): ScalarFunction {
  const checked = (x: number) => {
    if (!Number.isNaN(x) && !inside(x)) throw new QueryError("invalid_argument", `${name} is not defined for ${x}`);
    return run(x);
  };
  return { ...real(name, checked, about, aliases), canFail: true };
}

/** Roundings of one argument. Decimals keep their precision and lose their scale; integers are unchanged. */
interface Rounding {
  readonly float: (x: number) => number;
  /** Divides by a power of ten. */
  readonly exact: (value: bigint, divisor: bigint) => bigint;
}

const roundings = {
  round: { float: roundHalfAway, exact: divideRounded },
  trunc: { float: Math.trunc, exact: (value, divisor) => value / divisor },
  round_even: { float: roundHalfEven, exact: divideHalfEven },
  floor: { float: Math.floor, exact: (value, divisor) => value / divisor - (value % divisor < 0n ? 1n : 0n) },
  ceil: { float: Math.ceil, exact: (value, divisor) => value / divisor + (value % divisor > 0n ? 1n : 0n) },
} satisfies Record<string, Rounding>;

function divideHalfEven(value: bigint, divisor: bigint): bigint {
  const rounded = divideRounded(value, divisor);
  const isTie = 2n * (value % divisor) === divisor || 2n * (value % divisor) === -divisor;
  return isTie && rounded % 2n !== 0n ? value / divisor : rounded;
}

function resolveRounding(args: readonly Arg[], digitsAllowed: boolean): Omit<Resolution, "fn"> | undefined {
  const [arg, digits] = args;
  if (!arg || args.length > (digitsAllowed ? 2 : 1)) return undefined;
  const input = arg.type.kind === "null" ? types.float64 : arg.type;
  if (!isNumeric(input) || (digits && !isInteger(digits.type) && digits.type.kind !== "null")) return undefined;
  const count = digits?.literal?.value;
  const type =
    input.kind === "decimal" ? types.decimal(input.precision, scaleAfter(input.scale, !digits ? 0 : count)) : input;
  return { argTypes: digits ? [input, types.int32] : [input], type };
}

/** The scale of a decimal rounded to a constant number of digits; as it was when the number is no constant. */
function scaleAfter(scale: number, digits: unknown): number {
  const count = typeof digits === "number" ? digits : scale;
  return Math.max(0, Math.min(scale, count));
}

function evaluateRounding({ float, exact }: Rounding): (values: readonly Value[], site: CallSite) => Value {
  return ([value, digits = 0], { argTypes, type }) => {
    const count = digits as number;
    if (isFloat(type))
      return type.kind === "float32"
        ? Math.fround(roundFloat(value as number, count, float))
        : roundFloat(value as number, count, float);
    const from = argTypes[0]!.kind === "decimal" ? argTypes[0].scale : 0;
    const result = roundExact(BigInt(value as number | bigint), from, count, exact);
    const what = () => `${value} rounded to ${count} digits`;
    if (type.kind !== "decimal") return toInteger(result, type, what);
    return toDecimal(result / powerOfTen(from - type.scale), type, what);
  };
}

/** Rounds in units of 10^−scale, keeping the scale. */
function roundExact(value: bigint, scale: number, digits: number, exact: Rounding["exact"]): bigint {
  if (digits >= scale) return value;
  if (scale - digits > 2 * decimalPrecisionMax) return 0n;
  const unit = powerOfTen(scale - digits);
  return exact(value, unit) * unit;
}

function roundFloat(value: number, digits: number, float: (x: number) => number): number {
  if (digits === 0 || !Number.isFinite(value)) return float(value);
  const factor = 10 ** Math.abs(digits);
  const result = digits > 0 ? float(value * factor) / factor : float(value / factor) * factor;
  if (Number.isFinite(result)) return result;
  return digits > 0 ? value : 0;
}

function rounding(
  name: keyof typeof roundings,
  aliases: string[],
  digitsAllowed: boolean,
  about: string,
): ScalarFunction {
  return {
    name,
    aliases,
    signatures: digitsAllowed ? ["number -> number", "number, int32 -> number"] : ["number -> number"],
    resolve: (args) => resolveRounding(args, digitsAllowed),
    canFail: (argTypes, type) => digitsAllowed && !isFloat(type) && argTypes.length > 1,
    evaluate: evaluateRounding(roundings[name]),
    about,
  };
}

function resolveSame(args: readonly Arg[]): Omit<Resolution, "fn"> | undefined {
  const type = args.length === 1 ? commonArgType(args) : undefined;
  if (type?.kind === "null") return { argTypes: [types.int64], type: types.int64 };
  return type && isNumeric(type) ? { argTypes: [type], type } : undefined;
}

function absolute(value: Value, type: DataType): Value {
  if (typeof value === "number" && isFloat(type)) return Math.abs(value);
  const exact = BigInt(value as number | bigint);
  const magnitude = exact < 0n ? -exact : exact;
  return type.kind === "decimal" ? magnitude : toInteger(magnitude, type, () => `abs(${value})`);
}

function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  let [x, y] = [a < 0n ? -a : a, b < 0n ? -b : b];
  while (y !== 0n) [x, y] = [y, x % y];
  return x;
}

function leastCommonMultiple(a: bigint, b: bigint): bigint {
  if (a === 0n || b === 0n) return 0n;
  const product = (a / greatestCommonDivisor(a, b)) * b;
  return product < 0n ? -product : product;
}

function factorial(n: number): bigint {
  if (n < 0) throw new QueryError("invalid_argument", "the factorial of a negative number is not defined");
  let product = 1n;
  for (let i = 2n; i <= BigInt(Math.min(n, 21)); i++) product *= i;
  return product;
}

function whole(name: string, aliases: string[], run: (a: bigint, b: bigint) => bigint, about: string): ScalarFunction {
  return {
    name,
    aliases,
    signatures: ["int64, int64 -> int64"],
    canFail: true,
    evaluate: ([a, b]) => toInteger(run(a as bigint, b as bigint), types.int64, () => `${name}(${a}, ${b})`),
    about,
  };
}

/** log(x) to base 10, log(base, x). */
function logarithm([a, b]: readonly Value[]): number {
  const check = (x: number) => {
    if (x <= 0) throw new QueryError("invalid_argument", `the logarithm of ${x} is not defined`);
    return x;
  };
  if (b === undefined) return Math.log10(check(a as number));
  const base = Math.log(check(a as number));
  if (base === 0) throw new QueryError("invalid_argument", "there is no logarithm to base 1");
  return Math.log(check(b as number)) / base;
}

function nextAfter(from: number, to: number): number {
  if (Number.isNaN(from) || Number.isNaN(to)) return Number.NaN;
  if (from === to) return to;
  if (from === 0) return to > 0 ? Number.MIN_VALUE : -Number.MIN_VALUE;
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, from);
  view.setBigInt64(0, view.getBigInt64(0) + (from > 0 === to > from ? 1n : -1n));
  return view.getFloat64(0);
}

function countBits(value: Value, type: DataType): number {
  const bits = { int8: 8, int16: 16, int32: 32, int64: 64 }[type.kind as string]!;
  let count = 0;
  for (let rest = BigInt.asUintN(bits, BigInt(value as number | bigint)); rest > 0n; rest &= rest - 1n) count++;
  return count;
}

/** Away from zero to the next even whole number. */
function toEven(x: number): number {
  const up = Math.ceil(Math.abs(x));
  return Math.sign(x) * (up % 2 === 1 ? up + 1 : up);
}

const test = (name: string, run: (x: number) => boolean, about: string): ScalarFunction => ({
  name,
  signatures: ["float32 -> boolean", "float64 -> boolean"],
  evaluate: ([x]) => run(x as number),
  about,
});

const finite = (x: number) => Number.isFinite(x);
const unit = (x: number) => x >= -1 && x <= 1;

export const mathFunctions: readonly ScalarFunction[] = [
  {
    name: "abs",
    aliases: ["@"],
    signatures: ["number -> number"],
    resolve: resolveSame,
    canFail: (_, type) => isInteger(type),
    evaluate: ([value], { type }) => absolute(value!, type),
    about: "Absolute value.",
  },
  {
    name: "sign",
    aliases: ["signum"],
    signatures: ["number -> int8"],
    resolve: (args) => {
      const same = resolveSame(args);
      return same && { ...same, type: types.int8 };
    },
    evaluate: ([value]) => (Number(value) > 0 ? 1 : Number(value) < 0 ? -1 : 0),
    about: "-1, 0 or 1.",
  },
  rounding("round", [], true, "Rounded half away from zero, to a number of digits after the point."),
  rounding("round_even", ["roundbankers"], true, "Rounded to a number of digits, half to even."),
  rounding("trunc", ["truncate"], true, "Cut towards zero, to a number of digits after the point."),
  rounding("floor", [], false, "The next whole number below."),
  rounding("ceil", ["ceiling"], false, "The next whole number above."),
  partial("sqrt", (x) => x >= 0, Math.sqrt, "Square root."),
  real("cbrt", Math.cbrt, "Cube root."),
  real("exp", Math.exp, "e to the power of x."),
  partial("ln", (x) => x > 0, Math.log, "Natural logarithm."),
  partial("log10", (x) => x > 0, Math.log10, "Logarithm to base 10."),
  partial("log2", (x) => x > 0, Math.log2, "Logarithm to base 2."),
  {
    name: "log",
    signatures: ["float64 -> float64", "float64, float64 -> float64"],
    canFail: true,
    evaluate: logarithm,
    about: "log(x): to base 10. log(b, x): to base b.",
  },
  {
    name: "power",
    aliases: ["pow", "**", "^"],
    signatures: ["float64, float64 -> float64"],
    // IEEE 754 (and DuckDB) say 1 for 1^NaN and 1^±inf, JavaScript NaN.
    evaluate: ([x, y]) =>
      x === 1 || (x === -1 && !Number.isFinite(y) && !Number.isNaN(y)) ? 1 : (x as number) ** (y as number),
    about: "x to the power of y, a DOUBLE; the operators ^ and **.",
  },
  partial("sin", finite, Math.sin, "Sine."),
  partial("cos", finite, Math.cos, "Cosine."),
  partial("tan", finite, Math.tan, "Tangent."),
  partial(
    "cot",
    (x) => finite(x) && x !== 0,
    (x) => 1 / Math.tan(x),
    "Cotangent.",
  ),
  partial("asin", unit, Math.asin, "Arc sine."),
  partial("acos", unit, Math.acos, "Arc cosine."),
  real("atan", Math.atan, "Arc tangent."),
  real("sinh", Math.sinh, "Hyperbolic sine."),
  real("cosh", Math.cosh, "Hyperbolic cosine."),
  real("tanh", Math.tanh, "Hyperbolic tangent."),
  real("asinh", Math.asinh, "Inverse hyperbolic sine."),
  real("acosh", Math.acosh, "Inverse hyperbolic cosine."),
  partial("atanh", unit, Math.atanh, "Inverse hyperbolic tangent."),
  {
    name: "atan2",
    signatures: ["float64, float64 -> float64"],
    evaluate: ([y, x]) => Math.atan2(y as number, x as number),
    about: "The angle of the point (x, y), arguments y, x.",
  },
  real("degrees", (x) => x * (180 / Math.PI), "Radians as degrees."),
  real("radians", (x) => x * (Math.PI / 180), "Degrees as radians."),
  { name: "pi", signatures: ["-> float64"], evaluate: () => Math.PI, about: "3.14159…" },
  real("even", toEven, "Away from zero to the next even whole number."),
  test("isnan", Number.isNaN, "Whether x is NaN."),
  test("isinf", (x) => Math.abs(x) === Number.POSITIVE_INFINITY, "Whether x is infinite."),
  test("isfinite", Number.isFinite, "Whether x is neither NaN nor infinite."),
  test("iszero", (x) => x === 0, "Whether x is 0 or -0."),
  test("signbit", (x) => x < 0 || Object.is(x, -0), "Whether the sign is negative, of -0 too."),
  {
    name: "nanvl",
    signatures: ["float64, float64 -> float64"],
    evaluate: ([x, y]) => (Number.isNaN(x) ? y! : x!),
    about: "The second argument if the first is NaN.",
  },
  {
    name: "nextafter",
    signatures: ["float64, float64 -> float64"],
    evaluate: ([x, y]) => nextAfter(x as number, y as number),
    about: "The next DOUBLE after x in the direction of y.",
  },
  whole("gcd", ["greatest_common_divisor"], greatestCommonDivisor, "Greatest common divisor."),
  whole("lcm", ["least_common_multiple"], leastCommonMultiple, "Least common multiple."),
  {
    name: "factorial",
    aliases: ["!"],
    signatures: ["int32 -> int64"],
    canFail: true,
    evaluate: ([n]) => toInteger(factorial(n as number), types.int64, () => `${n}!`),
    about: "n!; an error from 21 on.",
  },
  {
    name: "bit_count",
    signatures: ["integer -> int8"],
    resolve: (args) => {
      const same = resolveSame(args);
      return same && isInteger(same.type) ? { ...same, type: types.int8 } : undefined;
    },
    evaluate: ([value], { argTypes }) => countBits(value!, argTypes[0]!),
    about: "How many bits are set, in two's complement.",
  },
  {
    name: "random",
    aliases: ["rand"],
    signatures: ["-> float64"],
    volatility: "volatile",
    evaluate: (_, { context }) => context.random(),
    about: "A random DOUBLE in [0, 1), a new one for each row.",
  },
];

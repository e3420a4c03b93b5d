/** Which types convert to which, by themselves or when asked, and the type that several expressions meet in. */
import {
  type DataType,
  decimalPrecisionMax,
  isComposite,
  sameMeaning,
  sameType,
  type TypeKind,
  types,
} from "../arrow/types.ts";
import type { Expr, LiteralExpr } from "./expr.ts";

/** What type resolution knows of an argument. A literal bends more readily than a column: '1995-01-01' can be a date. */
export interface Arg {
  readonly type: DataType;
  readonly literal?: LiteralExpr;
}

export function argOf(expr: Expr): Arg {
  return expr.kind === "literal" ? { type: expr.type, literal: expr } : { type: expr.type };
}

const integerKinds: readonly TypeKind[] = ["int8", "int16", "int32", "int64"];
const integerDigits: Readonly<Record<string, number>> = { int8: 3, int16: 5, int32: 10, int64: 19 };

export function isInteger(type: DataType): boolean {
  return integerKinds.includes(type.kind);
}

export function isFloat(type: DataType): boolean {
  return type.kind === "float32" || type.kind === "float64";
}

export function isNumeric(type: DataType): boolean {
  return isInteger(type) || isFloat(type) || type.kind === "decimal";
}

export type DecimalType = Extract<DataType, { kind: "decimal" }>;

/** The decimal that holds every value of an integer type (or of just one integer literal), or the decimal itself. */
export function decimalOf(arg: Arg): DecimalType | undefined {
  if (arg.type.kind === "decimal") return arg.type;
  if (!isInteger(arg.type)) return undefined;
  const literal = arg.literal?.value;
  const digits = literal == null ? integerDigits[arg.type.kind]! : String(literal).replace("-", "").length;
  return types.decimal(digits, 0);
}

/** The smallest decimal that holds every value of both; digits before the point give way to fit 38. */
export function commonDecimal(a: DecimalType, b: DecimalType): DecimalType {
  const scale = Math.max(a.scale, b.scale);
  const whole = Math.max(a.precision - a.scale, b.precision - b.scale);
  return types.decimal(Math.min(whole + scale, decimalPrecisionMax), scale);
}

/**
 * The type in which values of two types can be compared, or put into one column; undefined when there is none.
 * Text and other types have none: a cast must be written.
 */
export function commonType(a: DataType, b: DataType): DataType | undefined {
  if (sameMeaning(a, b)) return a;
  if (a.kind === "null") return b;
  if (b.kind === "null") return a;
  if (isComposite(a) || isComposite(b)) return undefined;
  if (sameType(a, b)) return types.varchar; // JSON beside other text
  if (isNumeric(a) && isNumeric(b)) return commonNumeric(a, b);
  if (a.kind === "boolean" && isInteger(b)) return b;
  if (b.kind === "boolean" && isInteger(a)) return a;
  if (isTemporal(a) && isTemporal(b)) {
    const utc = (a.kind === "timestamp" && a.utc) || (b.kind === "timestamp" && b.utc);
    return utc ? types.timestamptz : types.timestamp;
  }
  return undefined;
}

function isTemporal(type: DataType): boolean {
  return type.kind === "date" || type.kind === "timestamp";
}

function commonNumeric(a: DataType, b: DataType): DataType {
  if (isInteger(a) && isInteger(b)) return integerKinds.indexOf(a.kind) > integerKinds.indexOf(b.kind) ? a : b;
  if (!isFloat(a) && !isFloat(b)) return commonDecimal(decimalOf({ type: a })!, decimalOf({ type: b })!);
  const fitsFloat32 = (type: DataType) => ["int8", "int16", "float32"].includes(type.kind);
  return fitsFloat32(a) && fitsFloat32(b) ? types.float32 : types.float64;
}

/**
 * commonType of many expressions, where literals bend: NULL takes any type, an integer literal the smallest that the
 * others ask for and it fits, a number literal a REAL, a string literal whatever the others are (its cast may then fail).
 */
export function commonArgType(args: readonly Arg[]): DataType | undefined {
  let type: DataType | undefined = types.null;
  const typed = args.filter((arg) => !bends(arg));
  for (const arg of typed) type = type && commonType(type, arg.type);
  for (const arg of numberLiterals(args)) type = type && withNumber(type, arg);
  const text = args.some((arg) => arg.type.kind === "varchar" && bends(arg));
  const bendsToText = type?.kind === "null" || (type?.kind === "varchar" && !isComposite(type));
  return text && bendsToText ? types.varchar : type;
}

/**
 * The type in which expressions are tested for equality: where they meet in none, text is read as what the others are
 * (which fails for a text that is none of it).
 */
export function equalityType(args: readonly Arg[]): DataType | undefined {
  const common = commonArgType(args);
  if (common) return common;
  const others = commonArgType(args.filter((arg) => arg.type.kind !== "varchar"));
  return others && castable(types.varchar, others) ? others : undefined;
}

/** The type of a column of UNION and its like: where the sides meet in none, and one is text, text. */
export function unionType(a: DataType, b: DataType): DataType | undefined {
  const common = commonType(a, b);
  if (common) return common;
  if (isComposite(a) || isComposite(b)) return undefined;
  return a.kind === "varchar" || b.kind === "varchar" ? types.varchar : undefined;
}

/** Integers last: they bend to the rest. */
function numberLiterals(args: readonly Arg[]): Arg[] {
  const literals = args.filter((arg) => bends(arg) && isNumeric(arg.type));
  return [...literals.filter((arg) => !isInteger(arg.type)), ...literals.filter((arg) => isInteger(arg.type))];
}

function bends(arg: Arg): boolean {
  if (arg.type.kind === "null") return true;
  return arg.literal != null && arg.literal.value !== null && (isNumeric(arg.type) || arg.type.kind === "varchar");
}

function withNumber(type: DataType, arg: Arg): DataType | undefined {
  if (type.kind === "float32" && arg.type.kind !== "float64") return type;
  if (isInteger(type) && isInteger(arg.type) && integerFits(arg, type)) return type;
  if (type.kind === "decimal" || (isInteger(type) && arg.type.kind === "decimal")) {
    const [a, b] = [decimalOf({ type }), decimalOf(arg)];
    if (a && b) return commonDecimal(a, b);
  }
  return commonType(type, arg.type);
}

/** Whether an integer literal is in the range of an integer type. */
export function integerFits(arg: Arg, type: DataType): boolean {
  const literal = arg.literal?.value;
  if (literal == null || !isInteger(arg.type)) return false;
  const bits = BigInt(8 << integerKinds.indexOf(type.kind));
  return BigInt.asIntN(Number(bits), BigInt(literal as number | string)) === BigInt(literal as number | string);
}

/**
 * How far an implicit conversion goes: 0 for none, more for a worse match; undefined when there is no implicit
 * conversion. Overload resolution takes the signature of the least sum.
 */
export function castCost(arg: Arg, to: DataType): number | undefined {
  const from = arg.type;
  if (sameMeaning(from, to)) return 0;
  if (from.kind === "null") return 1;
  if (isComposite(from) || isComposite(to)) return undefined;
  if (sameType(from, to)) return 1; // JSON is text
  if (from.kind === "varchar" && bends(arg)) return 2;
  if (isInteger(from) && isInteger(to)) {
    if (integerFits(arg, to)) return 1;
    const steps = integerKinds.indexOf(to.kind) - integerKinds.indexOf(from.kind);
    return steps > 0 ? steps : undefined;
  }
  if (to.kind === "decimal") {
    const source = decimalOf(arg);
    if (!source) return undefined;
    const fits = source.scale <= to.scale && source.precision - source.scale <= to.precision - to.scale;
    return fits ? 5 : undefined;
  }
  if (to.kind === "float64" && isNumeric(from)) return from.kind === "float32" ? 1 : 10;
  if (to.kind === "float32" && isInteger(from)) return 11;
  if (from.kind === "date" && to.kind === "timestamp") return to.utc ? 5 : 3;
  if (from.kind === "timestamp" && to.kind === "timestamp") return to.utc ? 4 : undefined;
  return undefined;
}

export function canImplicitlyCast(from: DataType, to: DataType): boolean {
  return castCost({ type: from }, to) !== undefined;
}

const castTargets: Readonly<Record<TypeKind, readonly TypeKind[]>> = (() => {
  const numbers: TypeKind[] = [...integerKinds, "float32", "float64", "decimal"];
  const all: TypeKind[] = ["boolean", ...numbers, "date", "timestamp", "interval", "varchar", "binary"];
  const fromNumber: TypeKind[] = ["boolean", ...numbers, "varchar"];
  const kinds = Object.fromEntries(numbers.map((kind) => [kind, fromNumber]));
  return {
    ...(kinds as Record<"int8" | "int16" | "int32" | "int64" | "float32" | "float64" | "decimal", TypeKind[]>),
    null: all,
    boolean: fromNumber,
    date: ["date", "timestamp", "varchar"],
    timestamp: ["date", "timestamp", "varchar"],
    interval: ["interval", "varchar"],
    varchar: all,
    binary: ["binary", "varchar"],
  };
})();

/** Whether CAST(from AS to) exists. */
export function castable(from: DataType, to: DataType): boolean {
  if (isComposite(to)) return from.kind === "null" || sameMeaning(from, to);
  if (isComposite(from)) return to.kind === "varchar";
  return sameType(from, to) || castTargets[from.kind].includes(to.kind);
}

/** What the registry knows of a scalar function, and how its signatures are written and matched. */
import { type DataType, sameType, types } from "../../arrow/types.ts";
import type { Value } from "../../arrow/value.ts";
import { type Arg, castCost, commonArgType, isFloat, isInteger, isNumeric } from "../coercion.ts";
import type { Expr } from "../expr.ts";

/** A function chosen for given arguments: its canonical name, what to cast the arguments to, and its result. */
export interface Resolution {
  readonly fn: string;
  readonly argTypes: readonly DataType[];
  readonly type: DataType;
  /** The two arguments change places: `interval + date` runs as `date + interval`. argTypes are in the new order. */
  readonly swap?: boolean;
}

/** What a running function may ask of its surroundings. */
export interface EvaluationContext {
  /** The statement's time, microseconds since 1970 UTC: one value for the whole query. */
  readonly nowMicros: bigint;
  /** Uniform in [0, 1). */
  random(): number;
}

/** What evaluate is told besides the values. */
export interface CallSite {
  readonly argTypes: readonly DataType[];
  readonly type: DataType;
  readonly context: EvaluationContext;
}

/** Builds expressions, for functions that are written in terms of others. */
export interface Builder {
  call(name: string, args: readonly Expr[]): Expr;
  cast(input: Expr, type: DataType): Expr;
}

export interface ScalarFunction {
  readonly name: string;
  readonly aliases?: readonly string[];
  /**
   * Accepted arguments, `varchar, int64 -> varchar`, tried by least conversion cost. Besides type names: `any` (taken as
   * it is), `T` (all T meet in one type), `number`, `integer`, `float` (the same, restricted); the last may end in `...`
   * (one or more). A result of `T`, `number`, … is the type that the arguments met in.
   */
  readonly signatures: readonly string[];
  /** Replaces matching by `signatures` (which then only document). */
  readonly resolve?: (args: readonly Arg[]) => Omit<Resolution, "fn"> | Resolution | undefined;
  /** Written in terms of other functions: the expression to use instead; undefined: not for these arguments. */
  readonly expand?: (args: readonly Expr[], build: Builder) => Expr | undefined;
  /** Computes one result. With nullPropagating (the default) no value is null. Absent only if expand always applies. */
  readonly evaluate?: (values: readonly Value[], site: CallSite) => Value;
  /** false: sees NULL arguments. Default true: any NULL argument makes the result NULL, and evaluate is not asked. */
  readonly nullPropagating?: boolean;
  /** May be NULL though no argument is. */
  readonly nullable?: boolean;
  /** volatile: a new value for each row; stable: one value per statement; default: a value for given arguments. */
  readonly volatility?: "volatile" | "stable";
  /** May raise an error for some values. */
  readonly canFail?: boolean | ((argTypes: readonly DataType[], type: DataType) => boolean);
  /** One line for the documentation. */
  readonly about?: string;
}

interface Signature {
  readonly params: readonly string[];
  readonly variadic: boolean;
  readonly result: string;
}

const parsed = new Map<string, Signature>();

function parse(text: string): Signature {
  let signature = parsed.get(text);
  if (!signature) {
    const [left = "", result = ""] = text.split("->").map((part) => part.trim());
    const variadic = left.endsWith("...");
    const params = left
      .replace("...", "")
      .split(",")
      .flatMap((part) => part.trim() || []);
    signature = { params, variadic, result };
    parsed.set(text, signature);
  }
  return signature;
}

const fixed: Readonly<Record<string, DataType>> = (() => {
  const { decimal, ...plain } = types; // a class, below
  return plain;
})();

const classes: Readonly<Record<string, (type: DataType) => boolean>> = {
  T: () => true,
  number: (type) => isNumeric(type),
  integer: (type) => isInteger(type),
  float: (type) => isFloat(type),
  decimal: (type) => type.kind === "decimal",
};

/** Matches arguments to the best of a function's signatures. */
export function matchSignatures(
  signatures: readonly string[],
  args: readonly Arg[],
): Omit<Resolution, "fn"> | undefined {
  let best: (Omit<Resolution, "fn"> & { cost: number }) | undefined;
  for (const text of signatures) {
    const match = matchOne(parse(text), args);
    if (match && (!best || match.cost < best.cost)) best = match;
  }
  return best && { argTypes: best.argTypes, type: best.type };
}

function matchOne(signature: Signature, args: readonly Arg[]) {
  const { params, variadic } = signature;
  if (variadic ? args.length < params.length : args.length !== params.length) return undefined;
  const param = (i: number) => params[Math.min(i, params.length - 1)]!;
  const met = new Map<string, DataType>();
  let cost = 0;
  const argTypes: DataType[] = [];
  for (const [i, arg] of args.entries()) {
    const name = param(i);
    const type =
      name === "any"
        ? arg.type
        : (fixed[name] ??
          met.get(name) ??
          meet(
            name,
            args.filter((_, j) => param(j) === name),
          ));
    if (!type) return undefined;
    if (name in classes) met.set(name, type);
    const step = name in fixed ? castCost(arg, type) : sameType(arg.type, type) ? 0 : 1;
    if (step === undefined) return undefined;
    cost += name === "any" ? 15 : step;
    argTypes.push(type);
  }
  const type = fixed[signature.result] ?? met.get(signature.result);
  return type && { argTypes, type, cost };
}

/** The type that the arguments of one class meet in. A class of numbers takes NULL as DOUBLE or BIGINT. */
function meet(name: string, args: readonly Arg[]): DataType | undefined {
  const type = commonArgType(args);
  if (!type) return undefined;
  if (type.kind === "null" && name !== "T") {
    return name === "float" ? types.float64 : name === "decimal" ? undefined : types.int64;
  }
  return classes[name]!(type) ? type : undefined;
}

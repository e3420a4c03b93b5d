/** Functions that exist only as window functions; every aggregate can be used as one too. */
import { QueryError, type Span, unsupported } from "../errors.ts";
import { aggregateCall, isAggregate, isAggregateNullable } from "./aggregates.ts";
import { cast, located } from "./build.ts";
import { argOf } from "./coercion.ts";
import type { Expr, WindowCall } from "./expr.ts";
import { findFunction, noSignature } from "./functions/registry.ts";
import { matchSignatures } from "./functions/scalar-function.ts";

export interface WindowFunction {
  readonly name: string;
  readonly aliases?: readonly string[];
  /** Accepted arguments, in the notation of ScalarFunction.signatures. */
  readonly signatures: readonly string[];
  /** Looks at the rows of the frame; otherwise the frame does not matter. */
  readonly framed?: boolean;
  /** Takes IGNORE NULLS. */
  readonly skipsNulls?: boolean;
  readonly nullable: boolean;
  readonly about: string;
}

export const windowFunctions: readonly WindowFunction[] = [
  {
    name: "row_number",
    signatures: ["-> int64"],
    nullable: false,
    about: "The row's number in its partition, from 1.",
  },
  {
    name: "rank",
    signatures: ["-> int64"],
    nullable: false,
    about: "The number of the row's first peer: with gaps after ties.",
  },
  {
    name: "dense_rank",
    aliases: ["rank_dense"],
    signatures: ["-> int64"],
    nullable: false,
    about: "The number of the row's group of peers: without gaps.",
  },
  {
    name: "percent_rank",
    signatures: ["-> float64"],
    nullable: false,
    about: "(rank - 1) / (rows - 1), and 0 for a single row.",
  },
  {
    name: "cume_dist",
    signatures: ["-> float64"],
    nullable: false,
    about: "The part of the partition's rows that come before the row or are its peers.",
  },
  {
    name: "ntile",
    signatures: ["int64 -> int64"],
    nullable: true,
    about: "The number, from 1, of the row's bucket where the partition is dealt into so many of even size.",
  },
  {
    name: "lag",
    signatures: ["T -> T", "T, int64 -> T", "T, int64, T -> T"],
    skipsNulls: true,
    nullable: true,
    about: "The argument so many rows (1) before the row; NULL, or the third argument, where there is none.",
  },
  {
    name: "lead",
    signatures: ["T -> T", "T, int64 -> T", "T, int64, T -> T"],
    skipsNulls: true,
    nullable: true,
    about: "The argument so many rows (1) after the row; NULL, or the third argument, where there is none.",
  },
  {
    name: "first_value",
    aliases: ["first", "arbitrary"],
    signatures: ["T -> T"],
    framed: true,
    skipsNulls: true,
    nullable: true,
    about: "The argument in the first row of the frame.",
  },
  {
    name: "last_value",
    aliases: ["last"],
    signatures: ["T -> T"],
    framed: true,
    skipsNulls: true,
    nullable: true,
    about: "The argument in the last row of the frame.",
  },
  {
    name: "nth_value",
    signatures: ["T, int64 -> T"],
    framed: true,
    skipsNulls: true,
    nullable: true,
    about: "The argument in the frame's row of that number, from 1.",
  },
];

const byName: ReadonlyMap<string, WindowFunction> = new Map(
  windowFunctions.flatMap((fn) => [fn.name, ...(fn.aliases ?? [])].map((name) => [name, fn] as const)),
);

export function findWindowFunction(name: string): WindowFunction | undefined {
  return byName.get(name.toLowerCase());
}

/** Whether the frame matters to a function: aggregates and those that say so. */
export function hasFrame(fn: string): boolean {
  const own = findWindowFunction(fn);
  return own ? own.framed === true : true;
}

/** A call without its window. */
export type ResolvedWindowCall = Pick<WindowCall, "fn" | "args" | "filter" | "ignoreNulls" | "type">;

export interface WindowCallOptions {
  readonly filter?: Expr;
  readonly ignoreNulls?: boolean;
  readonly span?: Span;
}

/**
 * A call of a window function or an aggregate by any of its names, arguments cast to the chosen signature.
 * @throws QueryError unknown_function, type_mismatch
 */
export function windowCall(name: string, args: readonly Expr[], options: WindowCallOptions = {}): ResolvedWindowCall {
  const { filter, ignoreNulls = false, span } = options;
  // any_value is the first value that is not NULL.
  const any = name.toLowerCase() === "any_value" && !filter;
  const definition = any ? findWindowFunction("first_value") : findWindowFunction(name);
  if (!definition && !isAggregate(name) && findFunction(name)) {
    const message = `${name} is neither a window function nor an aggregate function`;
    throw new QueryError("invalid_argument", message, { ...(span && { span }) });
  }
  if (!definition || (filter && isAggregate(name))) {
    if (ignoreNulls) throw unsupported(`IGNORE NULLS of ${name}`, span);
    const { fn, args: cast, type } = aggregateCall(name, args, { ...(span && { span }) });
    return { fn, args: cast, ...(filter && { filter }), type };
  }
  if (filter) throw unsupported(`FILTER of ${name}, which is no aggregate function,`, span);
  if (ignoreNulls && !definition.skipsNulls) throw unsupported(`IGNORE NULLS of ${name}`, span);
  const given = args.map(argOf);
  const resolution = located(span, () => matchSignatures(definition.signatures, given));
  if (!resolution) throw noSignature(name, definition.signatures, given, span);
  const converted = args.map((arg, i) => cast(arg, resolution.argTypes[i]!, { ...(span && { span }) }));
  const skip = ignoreNulls || any;
  return { fn: definition.name, args: converted, ...(skip && { ignoreNulls: true }), type: resolution.type };
}

/** Whether the result of a call may be NULL. */
export function isWindowCallNullable({ fn, args, type }: ResolvedWindowCall): boolean {
  const definition = findWindowFunction(fn);
  return definition ? definition.nullable : isAggregateNullable({ fn, args, distinct: false, type });
}

/** Comparison operators. Both sides are cast to the type they meet in; decimals only to one scale and storage width. */
import { type DataType, isComposite, physicalKind, types } from "../../arrow/types.ts";
import type { Value } from "../../arrow/value.ts";
import { type Arg, commonArgType, type DecimalType, decimalOf, equalityType } from "../coercion.ts";
import { compareValues } from "../value.ts";
import { atScale } from "./arithmetic.ts";
import type { Resolution, ScalarFunction } from "./scalar-function.ts";

type Resolved = Omit<Resolution, "fn"> | undefined;
type Meet = (args: readonly Arg[]) => DataType | undefined;

const resolveOrder = (args: readonly Arg[]): Resolved => resolveComparison(args, orderType);
const resolveEquality = (args: readonly Arg[]): Resolved => resolveComparison(args, equalityType);

/** Text of lists, structs and maps can be told equal; its order would not be that of the values. */
function orderType(args: readonly Arg[]): DataType | undefined {
  const type = commonArgType(args);
  return type && isComposite(type) ? undefined : type;
}

function resolveComparison(args: readonly Arg[], meet: Meet): Resolved {
  if (args.length !== 2) return undefined;
  const type = meet(args);
  if (!type) return undefined;
  return { argTypes: args.map((arg) => (type.kind === "decimal" ? side(arg, type) : type)), type: types.boolean };
}

/** So that a column keeps its own type, which statistics and pruning want, when only precisions differ. */
function side(arg: Arg, common: DecimalType): DataType {
  const own = decimalOf(arg);
  if (!own) return common;
  const scaled = atScale(own, common.scale);
  return physicalKind(scaled) === physicalKind(common) ? scaled : common;
}

function comparison(
  name: string,
  about: string,
  test: (order: number) => boolean,
  aliases: string[] = [],
): ScalarFunction {
  return {
    name,
    aliases,
    about,
    signatures: ["T, T -> boolean"],
    resolve: name === "=" || name === "<>" ? resolveEquality : resolveOrder,
    evaluate: ([a, b]) => test(compareValues(a!, b!)),
  };
}

function sameOrBothNull(a: Value, b: Value): boolean {
  return a === null || b === null ? a === b : compareValues(a, b) === 0;
}

export const comparisonFunctions: readonly ScalarFunction[] = [
  comparison("=", "Equal. NaN equals NaN, -0 equals 0.", (order) => order === 0, ["=="]),
  comparison("<>", "Not equal.", (order) => order !== 0, ["!="]),
  comparison("<", "Less. Text is ordered by its UTF-8 bytes; NaN is greater than every number.", (order) => order < 0),
  comparison("<=", "Less or equal.", (order) => order <= 0),
  comparison(">", "Greater.", (order) => order > 0),
  comparison(">=", "Greater or equal.", (order) => order >= 0),
  {
    name: "is_distinct_from",
    signatures: ["T, T -> boolean"],
    resolve: resolveEquality,
    nullPropagating: false,
    evaluate: ([a, b]) => !sameOrBothNull(a!, b!),
    about: "a IS DISTINCT FROM b: unequal, where NULL equals only NULL. Never NULL.",
  },
  {
    name: "is_not_distinct_from",
    aliases: ["<=>"],
    signatures: ["T, T -> boolean"],
    resolve: resolveEquality,
    nullPropagating: false,
    evaluate: ([a, b]) => sameOrBothNull(a!, b!),
    about: "a IS NOT DISTINCT FROM b.",
  },
];

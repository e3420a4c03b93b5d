/** Conditions on one value and constants that a select kernel decides: comparisons, LIKE, IN, and their negations. */
import { physicalKind } from "../../arrow/types.ts";
import type { CallExpr, Expr, InListExpr } from "../../expr/expr.ts";
import { valueOfLiteral } from "../../expr/value.ts";
import type { LinearMemory } from "../../kernels/memory.ts";
import { hasInSet, InSetTest } from "./in-set-test.ts";
import { LikeTest, parseLike, partPattern } from "./like-test.ts";
import { type ColumnTest, columnComparison, negatedRange, RangeTest, rangeOf } from "./range-test.ts";
import { TextComparisonTest } from "./text-test.ts";

/** Lists this short are compared one by one. */
const shortList = 2;

/** The value that is tested (any expression), and how to make the test. Rows where it is NULL are not to be asked. */
export interface Tested {
  readonly input: Expr;
  make(memory: LinearMemory, negate: boolean): ColumnTest;
}

export function testedOf(expr: Expr): Tested | undefined {
  if (expr.kind === "in_list") return inListTest(expr);
  if (expr.kind !== "call") return undefined;
  switch (expr.fn) {
    case "not": {
      const inner = testedOf(expr.args[0]!);
      return inner && { input: inner.input, make: (memory, negate) => inner.make(memory, !negate) };
    }
    case "like":
      return likeTest(expr);
    case "contains":
    case "starts_with":
    case "ends_with":
      return partTest(expr, expr.fn);
    default:
      return comparisonTest(expr);
  }
}

function comparisonTest(expr: Expr): Tested | undefined {
  const range = rangeOf(expr);
  if (range) {
    const make = (memory: LinearMemory, negate: boolean) => new RangeTest(memory, negate ? negatedRange(range) : range);
    return { input: range.input, make };
  }
  const comparison = columnComparison(expr);
  if (!comparison || physicalKind(comparison.type) !== "view") return undefined;
  const { input, op, value } = comparison;
  return { input, make: (memory, negate) => new TextComparisonTest(memory, op, value, negate) };
}

function text(expr: Expr | undefined): string | undefined {
  return expr?.kind === "literal" && typeof expr.value === "string" ? expr.value : undefined;
}

function likeTest({ args }: CallExpr): Tested | undefined {
  const pattern = text(args[1]);
  const escaping = text(args[2]);
  if (pattern === undefined || (args[2] && escaping === undefined) || Array.from(escaping ?? "").length > 1)
    return undefined;
  const like = parseLike(pattern, escaping === "" ? undefined : escaping);
  if (!like) return undefined;
  return { input: args[0]!, make: (memory, negate) => new LikeTest(memory, like, negate) };
}

function partTest({ args }: CallExpr, how: "contains" | "starts_with" | "ends_with"): Tested | undefined {
  const part = text(args[1]);
  if (part === undefined || args.length !== 2) return undefined;
  return { input: args[0]!, make: (memory, negate) => new LikeTest(memory, partPattern(part, how), negate) };
}

/** Not for lists with NULL, which makes a miss NULL. */
function inListTest({ input, list }: InListExpr): Tested | undefined {
  if (list.length <= shortList || !hasInSet(input.type)) return undefined;
  if (!list.every((item) => item.kind === "literal" && item.value !== null)) return undefined;
  const values = list.map((item) => (item.kind === "literal" ? valueOfLiteral(item.type, item.value) : null));
  return { input, make: (memory, negate) => new InSetTest(memory, input.type, values, negate) };
}

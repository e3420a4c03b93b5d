/** Functions that choose among their arguments. */
import { types } from "../../arrow/types.ts";
import type { Value } from "../../arrow/value.ts";
import { argOf, commonArgType } from "../coercion.ts";
import type { Expr } from "../expr.ts";
import { compareValues } from "../value.ts";
import type { Builder, ScalarFunction } from "./scalar-function.ts";

function choose(condition: Expr, result: Expr, otherwise: Expr, build: Builder): Expr | undefined {
  const type = commonArgType([argOf(result), argOf(otherwise)]);
  if (!type) return undefined;
  const when = build.cast(condition, types.boolean);
  return {
    kind: "case",
    branches: [{ when, result: build.cast(result, type) }],
    otherwise: build.cast(otherwise, type),
    type,
  };
}

const extreme = (name: string, about: string, sign: number): ScalarFunction => ({
  name,
  about,
  signatures: ["T... -> T"],
  nullPropagating: false,
  evaluate: (values) => {
    let best: Value = null;
    for (const value of values) {
      if (value !== null && (best === null || sign * compareValues(value, best) > 0)) best = value;
    }
    return best;
  },
});

export const conditionalFunctions: readonly ScalarFunction[] = [
  {
    name: "coalesce",
    aliases: ["ifnull", "nvl"],
    signatures: ["T... -> T"],
    nullPropagating: false,
    evaluate: (values) => values.find((value) => value !== null) ?? null,
    about: "The first argument that is not NULL; later ones are not evaluated.",
  },
  {
    name: "nullif",
    signatures: ["T, T -> T"],
    expand: (args, build) => {
      const [value, other] = args;
      if (args.length !== 2 || !value || !other) return undefined;
      const { type } = value;
      const nothing: Expr = { kind: "literal", type, value: null };
      return {
        kind: "case",
        branches: [{ when: build.call("=", [value, other]), result: nothing }],
        otherwise: value,
        type,
      };
    },
    about: "NULL if both are equal, else the first.",
  },
  {
    name: "if",
    aliases: ["iff"],
    signatures: ["boolean, T, T -> T"],
    expand: (args, build) => (args.length === 3 ? choose(args[0]!, args[1]!, args[2]!, build) : undefined),
    about: "The second argument if the first is true, else the third.",
  },
  {
    name: "nvl2",
    signatures: ["any, T, T -> T"],
    expand: (args, build) => {
      return args.length === 3 ? choose(build.call("is_not_null", [args[0]!]), args[1]!, args[2]!, build) : undefined;
    },
    about: "The second argument if the first is not NULL, else the third.",
  },
  extreme("greatest", "The greatest argument; NULLs are ignored.", 1),
  extreme("least", "The least argument; NULLs are ignored.", -1),
];

/** Three-valued logic. and and or take any number of arguments and stop at the first that decides. */
import { types } from "../../arrow/types.ts";
import { type Arg, castable } from "../coercion.ts";
import type { Resolution, ScalarFunction } from "./scalar-function.ts";

/** Every argument as a condition: numbers count as true unless 0, text literals by their meaning. */
function conditions(args: readonly Arg[], min: number, max: number): Omit<Resolution, "fn"> | undefined {
  const usable = (arg: Arg) => castable(arg.type, types.boolean) && (arg.type.kind !== "varchar" || arg.literal);
  if (args.length < min || args.length > max || !args.every(usable)) return undefined;
  return { argTypes: args.map(() => types.boolean), type: types.boolean };
}

const nullTest = (name: string, about: string, isNull: boolean, aliases: string[] = []): ScalarFunction => ({
  name,
  aliases,
  about,
  signatures: ["any -> boolean"],
  nullPropagating: false,
  evaluate: ([value]) => (value === null) === isNull,
});

const truthTest = (name: string, about: string, truth: boolean, outcome: boolean): ScalarFunction => ({
  name,
  about,
  signatures: ["boolean -> boolean"],
  resolve: (args) => conditions(args, 1, 1),
  nullPropagating: false,
  evaluate: ([value]) => (value === truth) === outcome,
});

export const logicFunctions: readonly ScalarFunction[] = [
  {
    name: "and",
    signatures: ["boolean... -> boolean"],
    resolve: (args) => conditions(args, 1, Number.POSITIVE_INFINITY),
    nullPropagating: false,
    evaluate: (values) => (values.includes(false) ? false : values.includes(null) ? null : true),
    about: "False if any argument is false, else NULL if any is NULL, else true.",
  },
  {
    name: "or",
    signatures: ["boolean... -> boolean"],
    resolve: (args) => conditions(args, 1, Number.POSITIVE_INFINITY),
    nullPropagating: false,
    evaluate: (values) => (values.includes(true) ? true : values.includes(null) ? null : false),
    about: "True if any argument is true, else NULL if any is NULL, else false.",
  },
  {
    name: "not",
    signatures: ["boolean -> boolean"],
    resolve: (args) => conditions(args, 1, 1),
    evaluate: ([value]) => !value,
    about: "Negation; NULL stays NULL.",
  },
  nullTest("is_null", "x IS NULL.", true, ["isnull"]),
  nullTest("is_not_null", "x IS NOT NULL.", false, ["notnull"]),
  truthTest("is_true", "x IS TRUE.", true, true),
  truthTest("is_not_true", "x IS NOT TRUE.", true, false),
  truthTest("is_false", "x IS FALSE.", false, true),
  truthTest("is_not_false", "x IS NOT FALSE.", false, false),
];

/** What fits nowhere else. */
import { typeName, types } from "../../arrow/types.ts";
import { QueryError } from "../../errors.ts";
import type { ScalarFunction } from "./scalar-function.ts";

export const generalFunctions: readonly ScalarFunction[] = [
  {
    name: "typeof",
    aliases: ["pg_typeof"],
    signatures: ["any -> varchar"],
    expand: ([arg, ...rest]) => {
      return arg && rest.length === 0 ? { kind: "literal", type: types.varchar, value: typeName(arg.type) } : undefined;
    },
    about: "The name of the argument's type.",
  },
  {
    name: "error",
    signatures: ["varchar -> null"],
    canFail: true,
    evaluate: ([message]) => {
      throw new QueryError("invalid_argument", message as string);
    },
    about: "Fails the query with a message.",
  },
  {
    name: "uuid",
    aliases: ["gen_random_uuid"],
    signatures: ["-> varchar"],
    volatility: "volatile",
    evaluate: () => globalThis.crypto.randomUUID(),
    about: "A random UUID (version 4), a new one for each row.",
  },
];

/** All scalar functions by name, and the choice of one for a call. */
import { type DataType, typeName } from "../../arrow/types.ts";
import { QueryError, type Span } from "../../errors.ts";
import type { Arg } from "../coercion.ts";
import { nearestName } from "../nearest-name.ts";
import { arithmeticFunctions } from "./arithmetic.ts";
import { comparisonFunctions } from "./comparison.ts";
import { conditionalFunctions } from "./conditional.ts";
import { dateArithmeticFunctions } from "./date-arithmetic.ts";
import { dateTimeFunctions } from "./date-time.ts";
import { encodingFunctions } from "./encoding.ts";
import { generalFunctions } from "./general.ts";
import { jsonFunctions } from "./json.ts";
import { logicFunctions } from "./logic.ts";
import { mathFunctions } from "./math.ts";
import { patternFunctions } from "./pattern.ts";
import { matchSignatures, type Resolution, type ScalarFunction } from "./scalar-function.ts";
import { similarityFunctions } from "./similarity.ts";
import { stringFunctions } from "./string.ts";

/** The registry by family, in the order of the documentation. */
export const functionFamilies: Readonly<Record<string, readonly ScalarFunction[]>> = {
  Logic: logicFunctions,
  Comparison: comparisonFunctions,
  Arithmetic: arithmeticFunctions,
  "Date arithmetic": dateArithmeticFunctions,
  Conditional: conditionalFunctions,
  Mathematics: mathFunctions,
  Text: stringFunctions,
  Patterns: patternFunctions,
  Similarity: similarityFunctions,
  "Dates and times": dateTimeFunctions,
  Encoding: encodingFunctions,
  "JSON, lists, structs and maps": jsonFunctions,
  General: generalFunctions,
};

const byName: ReadonlyMap<string, ScalarFunction> = (() => {
  const map = new Map<string, ScalarFunction>();
  for (const fn of Object.values(functionFamilies).flat()) {
    for (const name of [fn.name, ...(fn.aliases ?? [])]) {
      if (map.has(name)) throw new QueryError("internal", `two functions are named ${name}`);
      map.set(name, fn);
    }
  }
  return map;
})();

/** The function of a name or alias, in any case; undefined when there is none. */
export function findFunction(name: string): ScalarFunction | undefined {
  return byName.get(name) ?? byName.get(name.toLowerCase());
}

export function functionNames(): string[] {
  return [...byName.keys()];
}

/** @throws QueryError unknown_function, with the nearest known name as the hint */
export function requireFunction(name: string, span?: Span): ScalarFunction {
  const fn = findFunction(name);
  if (fn) return fn;
  const near = nearestName(name, functionNames());
  throw new QueryError("unknown_function", `there is no function ${name.toLowerCase()}`, {
    ...(span && { span }),
    ...(near && { hint: `did you mean ${near}?` }),
  });
}

/**
 * Chooses the canonical function, argument types and result type of a call.
 * @throws QueryError unknown_function; type_mismatch when no signature takes the arguments
 */
export function resolveFunction(name: string, args: readonly Arg[], span?: Span): Resolution {
  const fn = requireFunction(name, span);
  const resolution = fn.resolve ? fn.resolve(args) : matchSignatures(fn.signatures, args);
  if (!resolution || resolution.argTypes.length < args.length) throw noSignature(name, fn.signatures, args, span);
  return { fn: fn.name, ...resolution };
}

/** The error of a call whose arguments fit no signature. */
export function noSignature(
  name: string,
  signatures: readonly string[],
  args: readonly Arg[],
  span?: Span,
): QueryError {
  const given = args.map((arg) => argName(arg)).join(", ");
  const lower = name.toLowerCase();
  const accepted = signatures.map((signature) => `${lower}(${signature.split("->")[0]!.trim()})`).join(", ");
  const message =
    /^[a-z]/.test(lower) || args.length !== 2
      ? `${lower}(${given}) does not exist`
      : `${argName(args[0]!)} ${lower} ${argName(args[1]!)} does not exist`;
  return new QueryError("type_mismatch", message, {
    ...(span && { span }),
    hint: `accepted: ${accepted}; an explicit CAST may help`,
  });
}

function argName(arg: { readonly type: DataType }): string {
  return typeName(arg.type);
}

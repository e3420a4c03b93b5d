/** All aggregate functions by name, and the choice of one for a call. */
import { isComposite, typeName } from "../arrow/types.ts";
import { QueryError, type Span, unsupported } from "../errors.ts";
import type { AggregateFunction, AggregateResolution } from "./aggregates/aggregate-function.ts";
import { choiceAggregates } from "./aggregates/choices.ts";
import { collectionAggregates } from "./aggregates/collections.ts";
import { distinctCountAggregates } from "./aggregates/distinct-count.ts";
import { statisticsAggregates } from "./aggregates/statistics.ts";
import { sumAggregates } from "./aggregates/sums.ts";
import { cast, located } from "./build.ts";
import { argOf } from "./coercion.ts";
import type { AggregateCall, Expr, SortKey } from "./expr.ts";
import { functionNames, noSignature } from "./functions/registry.ts";
import { matchSignatures } from "./functions/scalar-function.ts";
import { nearestName } from "./nearest-name.ts";

/** The registry by family, in the order of the documentation. */
export const aggregateFamilies: Readonly<Record<string, readonly AggregateFunction[]>> = {
  "Counts and sums": sumAggregates,
  Choices: choiceAggregates,
  Statistics: statisticsAggregates,
  "Order statistics and collections": collectionAggregates,
  "Approximate counts": distinctCountAggregates,
};

const byName: ReadonlyMap<string, AggregateFunction> = (() => {
  const map = new Map<string, AggregateFunction>();
  for (const fn of Object.values(aggregateFamilies).flat()) {
    for (const name of [fn.name, ...(fn.aliases ?? [])]) {
      if (map.has(name)) throw new QueryError("internal", `two aggregate functions are named ${name}`);
      map.set(name, fn);
    }
  }
  return map;
})();

/** The aggregate function of a name or alias, in any case; undefined when there is none. */
export function findAggregate(name: string): AggregateFunction | undefined {
  return byName.get(name) ?? byName.get(name.toLowerCase());
}

export function isAggregate(name: string): boolean {
  return findAggregate(name) !== undefined;
}

export interface AggregateOptions {
  readonly distinct?: boolean;
  readonly filter?: Expr;
  readonly orderBy?: readonly SortKey[];
  readonly span?: Span;
}

/** Which argument of a function has to have an order: lists, structs and maps have none. */
const orderedArgument: Readonly<Record<string, number>> = {
  min: 0,
  max: 0,
  arg_min: 1,
  arg_max: 1,
  median: 0,
  quantile_cont: 0,
  quantile_disc: 0,
};

/**
 * A call of an aggregate function by any of its names, arguments cast to the chosen signature. count without arguments is
 * count_star. DISTINCT and ORDER BY are dropped where they cannot change the result.
 * @throws QueryError unknown_function, type_mismatch
 */
export function aggregateCall(name: string, args: readonly Expr[], options: AggregateOptions = {}): AggregateCall {
  const { filter, orderBy = [], span } = options;
  const { fn, argTypes, type } = located(span, () => resolveAggregate(name, args, span));
  const ordered = orderedArgument[fn] === undefined ? undefined : argTypes[orderedArgument[fn]];
  if (ordered && isComposite(ordered)) throw unsupported(`${fn} of ${typeName(ordered)} values`, span);
  const definition = findAggregate(fn)!;
  return {
    fn,
    args: args.map((arg, i) => cast(arg, argTypes[i]!, { ...(span && { span }) })),
    distinct: (options.distinct ?? false) && !definition.duplicatesIgnored,
    ...(filter && { filter }),
    ...(orderBy.length > 0 && definition.ordered && { orderBy }),
    type,
    ...(span && { span }),
  };
}

/**
 * Chooses the canonical aggregate, argument types and result type of a call.
 * @throws QueryError unknown_function; type_mismatch when no signature takes the arguments
 */
export function resolveAggregate(name: string, args: readonly Expr[], span?: Span): AggregateResolution {
  const found = findAggregate(name);
  const definition = found?.name === "count" && args.length === 0 ? findAggregate("count_star") : found;
  if (!definition) {
    const near = nearestName(name, [...byName.keys(), ...functionNames()]);
    throw new QueryError("unknown_function", `there is no aggregate function ${name.toLowerCase()}`, {
      ...(span && { span }),
      ...(near && { hint: `did you mean ${near}?` }),
    });
  }
  const given = args.map(argOf);
  const resolution = definition.resolve ? definition.resolve(given) : matchSignatures(definition.signatures, given);
  if (!resolution) throw noSignature(name, definition.signatures, given, span);
  return { fn: definition.name, argTypes: resolution.argTypes, type: resolution.type };
}

/** Whether the result may be NULL in a group of at least one row; without GROUP BY every result but a count may be. */
export function isAggregateNullable(call: AggregateCall): boolean {
  return findAggregate(call.fn)?.neverNull !== true;
}

/** Aggregates that need all values of a group at once: their state is a bag of values, with no partial form. */
import { type DataType, types } from "../../arrow/types.ts";
import type { Value } from "../../arrow/value.ts";
import { QueryError } from "../../errors.ts";
import { microsPerDay } from "../calendar.ts";
import { type Arg, isFloat, isInteger, isNumeric } from "../coercion.ts";
import { compareValues, keyOfValue } from "../value.ts";
import type { AggregateFunction, AggregateResolution, AggregateSite, AggregateState } from "./aggregate-function.ts";

const collect = {
  init: (): AggregateState => [],
  update: (state: AggregateState, [value]: readonly Value[]) => {
    state.push(value!);
  },
} as const;

/** Interpolation needs a distance: integers become doubles, dates timestamps; what has none takes the lower value. */
function interpolatedType(type: DataType): DataType {
  if (isInteger(type) || type.kind === "null") return types.float64;
  return type.kind === "date" ? types.timestamp : type;
}

type Resolved = Omit<AggregateResolution, "fn"> | undefined;

function resolveQuantile(args: readonly Arg[], result: (type: DataType) => DataType): Resolved {
  const [value, fraction] = args;
  if (!value || !fraction || args.length !== 2 || !isNumeric(fraction.type)) return undefined;
  return { argTypes: [value.type, types.float64], type: result(value.type) };
}

/** The fraction is the same in every row; the state starts with it. */
const quantileState = {
  init: (): AggregateState => [],
  update: (state: AggregateState, [value, fraction]: readonly Value[]) => {
    if (state.length === 0) state.push(fraction!);
    state.push(value!);
  },
} as const;

function sortedRest(state: AggregateState): { fraction: number; values: Value[] } {
  const [fraction, ...values] = state;
  if (!((fraction as number) >= 0 && (fraction as number) <= 1)) {
    throw new QueryError("invalid_argument", `a quantile lies between 0 and 1, not at ${fraction}`);
  }
  return { fraction: fraction as number, values: values.sort(compareValues) };
}

/** The least value whose rank reaches `fraction` of the rows. */
function discreteQuantile(values: readonly Value[], fraction: number): Value {
  return values[Math.max(0, Math.ceil(fraction * values.length) - 1)] ?? null;
}

/** Between the two values nearest to the rank, in proportion. */
function continuousQuantile(values: readonly Value[], fraction: number, argType: DataType): Value {
  if (values.length === 0) return null;
  const rank = (values.length - 1) * fraction;
  const [low, high] = [values[Math.floor(rank)]!, values[Math.ceil(rank)]!];
  const share = rank - Math.floor(rank);
  if (isInteger(argType) || isFloat(argType)) {
    const [a, b] = [Number(low), Number(high)];
    const between = share === 0 || a === b ? a : a + (b - a) * share;
    return argType.kind === "float32" ? Math.fround(between) : between;
  }
  if (argType.kind === "date") {
    return interpolate(BigInt(low as number) * microsPerDay, BigInt(high as number) * microsPerDay, share, Math.round);
  }
  if (typeof low === "bigint")
    return interpolate(low, high as bigint, share, argType.kind === "decimal" ? Math.trunc : Math.round);
  return discreteQuantile(values, fraction);
}

function interpolate(low: bigint, high: bigint, share: number, round: (x: number) => number): bigint {
  return low + BigInt(round(Number(high - low) * share));
}

function countEach(values: readonly Value[]): Map<string, { value: Value; count: number }> {
  const counts = new Map<string, { value: Value; count: number }>();
  for (const value of values) {
    const key = keyOfValue(value);
    const entry = counts.get(key);
    if (entry) entry.count++;
    else counts.set(key, { value, count: 1 });
  }
  return counts;
}

function mostFrequent(values: readonly Value[]): Value {
  let best: { value: Value; count: number } | undefined;
  for (const entry of countEach(values).values()) if (!best || entry.count > best.count) best = entry;
  return best ? best.value : null;
}

function entropy(values: readonly Value[]): number {
  let sum = 0;
  for (const { count } of countEach(values).values()) sum -= (count / values.length) * Math.log2(count / values.length);
  return sum || 0;
}

/** Median of the absolute deviations from the median. */
function medianDeviation(state: AggregateState, { argTypes }: AggregateSite): Value {
  const type = argTypes[0]!;
  const median = continuousQuantile(state.sort(compareValues), 0.5, type);
  if (median === null) return null;
  const deviation = (value: Value): Value => {
    if (typeof median === "bigint")
      return (value as bigint) > median ? (value as bigint) - median : median - (value as bigint);
    return Math.abs(Number(value) - (median as number));
  };
  return continuousQuantile(state.map(deviation).sort(compareValues), 0.5, isInteger(type) ? types.float64 : type);
}

export const collectionAggregates: readonly AggregateFunction[] = [
  {
    name: "median",
    aliases: ["approx_median"],
    signatures: ["T -> T"],
    resolve: ([arg, ...rest]) =>
      arg && rest.length === 0 ? { argTypes: [arg.type], type: interpolatedType(arg.type) } : undefined,
    ...collect,
    final: (state, { argTypes }) => continuousQuantile(state.sort(compareValues), 0.5, argTypes[0]!),
    about: "The middle value; between the two middle ones for numbers (integers: a DOUBLE), dates and timestamps.",
  },
  {
    name: "quantile_cont",
    aliases: ["percentile_cont", "approx_percentile_cont"],
    signatures: ["T, float64 -> T"],
    resolve: (args) => resolveQuantile(args, interpolatedType),
    ...quantileState,
    final: (state, { argTypes }) => {
      if (state.length === 0) return null;
      const { fraction, values } = sortedRest(state);
      return continuousQuantile(values, fraction, argTypes[0]!);
    },
    about: "The value at a fraction (0 to 1) of the sorted rows, interpolated.",
  },
  {
    name: "quantile_disc",
    aliases: ["quantile", "percentile_disc", "approx_quantile"],
    signatures: ["T, float64 -> T"],
    resolve: (args) => resolveQuantile(args, (type) => type),
    ...quantileState,
    final: (state) => {
      if (state.length === 0) return null;
      const { fraction, values } = sortedRest(state);
      return discreteQuantile(values, fraction);
    },
    about: "The least value whose rank reaches a fraction (0 to 1) of the rows.",
  },
  {
    name: "mode",
    signatures: ["T -> T"],
    ordered: true,
    ...collect,
    final: mostFrequent,
    about: "The most frequent value; of several the one seen first.",
  },
  {
    name: "mad",
    signatures: ["number -> number"],
    resolve: ([arg, ...rest]) =>
      arg && rest.length === 0 && isNumeric(arg.type)
        ? { argTypes: [arg.type], type: interpolatedType(arg.type) }
        : undefined,
    ...collect,
    final: medianDeviation,
    about: "Median of the absolute deviations from the median.",
  },
  {
    name: "entropy",
    signatures: ["T -> float64"],
    neverNull: true,
    ...collect,
    final: entropy,
    about: "Shannon entropy of the values in bits.",
  },
  {
    name: "string_agg",
    aliases: ["group_concat", "listagg"],
    signatures: ["varchar -> varchar", "varchar, varchar -> varchar"],
    resolve: (args) => {
      if (args.length < 1 || args.length > 2 || args.some((arg) => arg.type.kind === "binary")) return undefined;
      return { argTypes: args.map(() => types.varchar), type: types.varchar };
    },
    ordered: true,
    init: () => [],
    update: (state, [text, separator = ","]) => {
      if (state.length > 0) state.push(separator);
      state.push(text!);
    },
    final: (state) => (state.length === 0 ? null : state.join("")),
    about: "The values as text, joined with a separator (a comma).",
  },
];

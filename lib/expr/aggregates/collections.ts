/** Aggregates that need all values of a group at once: their state is a bag of values, with no partial form. */
import { type DataType, isComposite, types } from "../../arrow/types.ts";
import type { Value } from "../../arrow/value.ts";
import { QueryError } from "../../errors.ts";
import { microsPerDay } from "../calendar.ts";
import { type Arg, isFloat, isInteger, isNumeric } from "../coercion.ts";
import { compareValues, keyOfValue } from "../value.ts";
import type {
  AggregateFunction,
  AggregateResolution,
  AggregateSite,
  AggregateState,
  Pick,
  RunFold,
} from "./aggregate-function.ts";

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

/** A value between sorted ones, at `fraction` of the way. */
interface Quantile {
  positions(count: number, fraction: number): readonly number[];
  result(picked: readonly Value[], count: number, fraction: number, argType: DataType): Value;
}

/** The least value whose rank reaches `fraction` of the rows. */
const discrete: Quantile = {
  positions: (count, fraction) => [Math.min(count - 1, Math.max(0, Math.ceil(fraction * count) - 1))],
  result: ([value]) => value!,
};

/** Between the two values nearest to the rank, in proportion; of types without a distance, as `discrete`. */
const continuous: Quantile = {
  positions: (count, fraction) => {
    const rank = (count - 1) * fraction;
    return [Math.floor(rank), Math.ceil(rank), ...discrete.positions(count, fraction)];
  },
  result: ([low, high, nearest], count, fraction, argType) => {
    const rank = (count - 1) * fraction;
    const share = rank - Math.floor(rank);
    if (isInteger(argType) || isFloat(argType)) {
      const [a, b] = [Number(low), Number(high)];
      const between = share === 0 || a === b ? a : a + (b - a) * share;
      return argType.kind === "float32" ? Math.fround(between) : between;
    }
    if (argType.kind === "date") {
      return interpolate(
        BigInt(low as number) * microsPerDay,
        BigInt(high as number) * microsPerDay,
        share,
        Math.round,
      );
    }
    if (typeof low === "bigint")
      return interpolate(low, high as bigint, share, argType.kind === "decimal" ? Math.trunc : Math.round);
    return nearest!;
  },
};

/** The fraction is a parameter when it is not given here. */
function quantilePick(quantile: Quantile, given?: number): Pick {
  const fractionOf = ([param]: readonly Value[]): number => {
    const fraction = given ?? (param as number);
    if (fraction >= 0 && fraction <= 1) return fraction;
    throw new QueryError("invalid_argument", `a quantile lies between 0 and 1, not at ${fraction}`);
  };
  return {
    positions: (count, params) => quantile.positions(count, fractionOf(params)),
    result: (picked, count, params, { argTypes }) => quantile.result(picked, count, fractionOf(params), argTypes[0]!),
  };
}

/** The result over all values of a group. */
function pickFrom(pick: Pick, values: Value[], params: readonly Value[], site: AggregateSite): Value {
  if (values.length === 0) return null;
  values.sort(compareValues);
  const picked = pick.positions(values.length, params).map((position) => values[position]!);
  return pick.result(picked, values.length, params, site);
}

const medianPick = quantilePick(continuous, 0.5);

function median(values: Value[], type: DataType): Value {
  return pickFrom(medianPick, values, [], { argTypes: [type], type });
}

function quantileOver(quantile: Quantile) {
  const pick = quantilePick(quantile);
  return {
    ...quantileState,
    pick,
    final: ([fraction, ...values]: AggregateState, site: AggregateSite) => {
      return values.length === 0 ? null : pickFrom(pick, values, [fraction!], site);
    },
  };
}

function interpolate(low: bigint, high: bigint, share: number, round: (x: number) => number): bigint {
  return low + BigInt(round(Number(high - low) * share));
}

/** The runs of equal values, whatever order they stand in. */
function foldRuns(values: readonly Value[], fold: RunFold): Value {
  const runs = new Map<string, { value: Value; length: number; row: number }>();
  for (const [row, value] of values.entries()) {
    const key = keyOfValue(value);
    const run = runs.get(key);
    if (run) run.length++;
    else runs.set(key, { value, length: 1, row });
  }
  for (const { value, length, row } of runs.values()) fold.add(value, length, row);
  return fold.result(values.length);
}

function mostFrequent(): RunFold {
  let best: { value: Value; length: number; row: number } | undefined;
  return {
    add(value, length, row) {
      const better = !best || length > best.length || (length === best.length && row < best.row);
      if (better) best = { value, length, row };
    },
    result: () => best?.value ?? null,
  };
}

/** Over the counts of equal values: n of them are counted once, so that their order does not matter. */
function entropy(): RunFold {
  const runsOf = new Map<number, number>();
  return {
    add: (_, length) => void runsOf.set(length, (runsOf.get(length) ?? 0) + 1),
    result(count) {
      let sum = 0;
      for (const [length, runs] of [...runsOf].sort(([a], [b]) => a - b)) {
        sum -= runs * (length / count) * Math.log2(length / count);
      }
      return sum || 0;
    },
  };
}

/** Median of the absolute deviations from the median. */
function medianDeviation(state: AggregateState, { argTypes }: AggregateSite): Value {
  const type = argTypes[0]!;
  const middle = median(state, type);
  if (middle === null) return null;
  const deviation = (value: Value): Value => {
    if (typeof middle === "bigint")
      return (value as bigint) > middle ? (value as bigint) - middle : middle - (value as bigint);
    return Math.abs(Number(value) - (middle as number));
  };
  return median(state.map(deviation), isInteger(type) ? types.float64 : type);
}

export const collectionAggregates: readonly AggregateFunction[] = [
  {
    name: "median",
    aliases: ["approx_median"],
    signatures: ["T -> T"],
    resolve: ([arg, ...rest]) =>
      arg && rest.length === 0 ? { argTypes: [arg.type], type: interpolatedType(arg.type) } : undefined,
    ...collect,
    pick: medianPick,
    final: (state, { argTypes }) => median(state, argTypes[0]!),
    about: "The middle value; between the two middle ones for numbers (integers: a DOUBLE), dates and timestamps.",
  },
  {
    name: "quantile_cont",
    aliases: ["percentile_cont", "approx_percentile_cont"],
    signatures: ["T, float64 -> T"],
    resolve: (args) => resolveQuantile(args, interpolatedType),
    ...quantileOver(continuous),
    about: "The value at a fraction (0 to 1) of the sorted rows, interpolated.",
  },
  {
    name: "quantile_disc",
    aliases: ["quantile", "percentile_disc", "approx_quantile"],
    signatures: ["T, float64 -> T"],
    resolve: (args) => resolveQuantile(args, (type) => type),
    ...quantileOver(discrete),
    about: "The least value whose rank reaches a fraction (0 to 1) of the rows.",
  },
  {
    name: "mode",
    signatures: ["T -> T"],
    ordered: true,
    ...collect,
    runs: mostFrequent,
    final: (state) => foldRuns(state, mostFrequent()),
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
    runs: entropy,
    final: (state) => foldRuns(state, entropy()),
    about: "Shannon entropy of the values in bits.",
  },
  {
    name: "string_agg",
    aliases: ["group_concat", "listagg"],
    signatures: ["varchar -> varchar", "varchar, varchar -> varchar"],
    resolve: (args) => {
      if (args.length < 1 || args.length > 2 || args.some(({ type }) => type.kind === "binary" || isComposite(type)))
        return undefined;
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

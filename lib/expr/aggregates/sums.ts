/** count, sum, avg, product. Sums of integers and decimals are exact whatever the order; only the result can overflow. */
import { type DataType, types } from "../../arrow/types.ts";
import type { Value } from "../../arrow/value.ts";
import { powerOfTen, toDecimal, toInteger } from "../checked.ts";
import { isInteger, isNumeric } from "../coercion.ts";
import type { AggregateFunction, AggregateSite } from "./aggregate-function.ts";

const int64Counter = {
  state: () => [types.int64],
  neverNull: true,
  init: (): Value[] => [0n],
  merge: (state: Value[], other: readonly Value[]) => {
    state[0] = (state[0] as bigint) + (other[0] as bigint);
  },
  final: (state: Value[]) => state[0]!,
} as const;

function countRow(state: Value[]): void {
  state[0] = (state[0] as bigint) + 1n;
}

/**
 * The exact running sum: int64 holds every sum of 32-bit integers; sums of int64 can leave and re-enter its range
 * before the end, and so are kept as decimals.
 */
function sumState(input: DataType): DataType {
  if (input.kind === "decimal") return types.decimal(38, input.scale);
  if (input.kind === "int64") return types.decimal(38, 0);
  return isInteger(input) || input.kind === "boolean" ? types.int64 : types.float64;
}

function addTo(state: Value[], value: Value, stateType: DataType): void {
  if (value === null) return;
  if (stateType.kind === "float64") {
    state[0] = ((state[0] as number | null) ?? 0) + (value as number);
    return;
  }
  const sum = ((state[0] as bigint | null) ?? 0n) + BigInt(value as number | bigint | boolean);
  state[0] = sum;
}

function finalSum(state: Value[], { type }: AggregateSite): Value {
  const sum = state[0]!;
  if (type.kind === "decimal" && sum !== null) return toDecimal(sum as bigint, type, () => "the sum");
  return sum !== null && type.kind === "int64" ? toInteger(sum as bigint, type, () => `the sum ${sum}`) : sum;
}

/** The double nearest to an exact decimal divided by a count. */
function exactMean(sum: bigint, scale: number, count: bigint): number {
  return ratio(sum, count * powerOfTen(scale));
}

/** The double nearest to numerator / denominator (denominator > 0): integer division with 64 more bits than a double has. */
function ratio(numerator: bigint, denominator: bigint): number {
  if (numerator === 0n) return 0;
  const negative = numerator < 0n;
  const magnitude = negative ? -numerator : numerator;
  const shift = BigInt(Math.max(0, 64 + denominator.toString(2).length - magnitude.toString(2).length));
  const quotient = (magnitude << shift) / denominator;
  const sticky = (magnitude << shift) % denominator === 0n ? 0n : 1n;
  const result = Number(quotient | sticky) / 2 ** Number(shift);
  return negative ? -result : result;
}

export const sumAggregates: readonly AggregateFunction[] = [
  {
    name: "count_star",
    signatures: ["-> int64"],
    ...int64Counter,
    update: countRow,
    about: "count(*): rows.",
  },
  {
    name: "count",
    signatures: ["any -> int64"],
    ...int64Counter,
    update: countRow,
    about: "Rows where the argument is not NULL.",
  },
  {
    name: "count_if",
    aliases: ["countif"],
    signatures: ["boolean -> int64"],
    ...int64Counter,
    update: (state, [value]) => {
      if (value) countRow(state);
    },
    about: "Rows where the argument is true.",
  },
  {
    name: "sum",
    aliases: ["fsum", "sumkahan", "kahan_sum"],
    signatures: ["integer -> int64", "boolean -> int64", "decimal(p,s) -> decimal(38,s)", "float -> float64"],
    resolve: ([arg, ...rest]) => {
      if (!arg || rest.length > 0) return undefined;
      const input = arg.type.kind === "null" ? types.int64 : arg.type;
      if (!isNumeric(input) && input.kind !== "boolean") return undefined;
      const state = sumState(input);
      return { argTypes: [input], type: input.kind === "int64" ? types.int64 : state };
    },
    state: ({ argTypes }) => [sumState(argTypes[0]!)],
    init: () => [null],
    update: (state, [value], { argTypes }) => addTo(state, value!, sumState(argTypes[0]!)),
    merge: (state, [other], { argTypes }) => addTo(state, other!, sumState(argTypes[0]!)),
    final: finalSum,
    about: "Sum; NULL over no rows. Integers: BIGINT, and an error beyond it.",
  },
  {
    name: "avg",
    aliases: ["mean", "favg"],
    signatures: ["number -> float64"],
    resolve: ([arg, ...rest]) => {
      if (!arg || rest.length > 0) return undefined;
      const input = arg.type.kind === "null" ? types.int64 : arg.type;
      return isNumeric(input) ? { argTypes: [input], type: types.float64 } : undefined;
    },
    state: ({ argTypes }) => [sumState(argTypes[0]!), types.int64],
    init: () => [null, 0n],
    update: (state, [value], { argTypes }) => {
      addTo(state, value!, sumState(argTypes[0]!));
      state[1] = (state[1] as bigint) + 1n;
    },
    merge: (state, [sum, count], { argTypes }) => {
      addTo(state, sum!, sumState(argTypes[0]!));
      state[1] = (state[1] as bigint) + (count as bigint);
    },
    final: ([sum, count], { argTypes }) => {
      if (count === 0n) return null;
      if (typeof sum === "number") return sum / Number(count);
      const scale = argTypes[0]!.kind === "decimal" ? argTypes[0]!.scale : 0;
      return exactMean(sum as bigint, scale, count as bigint);
    },
    about: "Mean, a DOUBLE: of integers and decimals the exact sum divided once.",
  },
  {
    name: "product",
    signatures: ["float64 -> float64"],
    state: () => [types.float64],
    init: () => [null],
    update: multiply,
    merge: (state, other) => {
      if (other[0] !== null) multiply(state, other);
    },
    final: ([product]) => product!,
    about: "Product, a DOUBLE.",
  },
];

function multiply(state: Value[], [value]: readonly Value[]): void {
  state[0] = ((state[0] as number | null) ?? 1) * (value as number);
}

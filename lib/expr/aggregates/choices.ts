/** Aggregates that pick one of the values, and bitwise and logical folds. */
import { type DataType, types } from "../../arrow/types.ts";
import type { Value } from "../../arrow/value.ts";
import { compareValues } from "../value.ts";
import type { AggregateFunction, AggregateSite } from "./aggregate-function.ts";

/** Folds non-null values of one type pairwise; the state is the value so far, NULL before the first. */
function fold(
  name: string,
  signature: string,
  combine: (a: Value, b: Value) => Value,
  about: string,
  options: { aliases?: readonly string[]; duplicatesIgnored?: boolean } = {},
): AggregateFunction {
  const add = (state: Value[], [value]: readonly Value[]) => {
    if (value === null) return;
    state[0] = state[0] === null ? value! : combine(state[0]!, value!);
  };
  return {
    name,
    signatures: [signature],
    duplicatesIgnored: true,
    ...options,
    state: ({ type }: AggregateSite) => [type],
    init: () => [null],
    update: add,
    merge: add,
    final: ([value]) => value!,
    about,
  };
}

function bits(compute: (a: bigint, b: bigint) => bigint): (a: Value, b: Value) => Value {
  return (a, b) => {
    const result = compute(BigInt(a as number | bigint), BigInt(b as number | bigint));
    return typeof a === "bigint" ? result : Number(result);
  };
}

/** first and last keep NULLs, so the state also says whether there was a row. */
function endmost(name: string, aliases: string[], last: boolean, about: string): AggregateFunction {
  const take = (state: Value[], value: Value) => {
    if (!last && state[1]) return;
    state[0] = value;
    state[1] = true;
  };
  return {
    name,
    aliases,
    signatures: ["T -> T"],
    keepsNulls: true,
    ordered: true,
    state: ({ type }) => [type, types.boolean],
    init: () => [null, false],
    update: (state, [value]) => take(state, value!),
    merge: (state, [value, seen]) => {
      if (seen) take(state, value!);
    },
    final: ([value]) => value!,
    about,
  };
}

/** The first argument where the second is extreme; rows where either is NULL are skipped. Ties: the first row. */
function argExtreme(name: string, aliases: string[], sign: number, about: string): AggregateFunction {
  const take = (state: Value[], [value, key]: readonly Value[]) => {
    if (key === null) return;
    if (state[1] !== null && sign * compareValues(key!, state[1]!) <= 0) return;
    state[0] = value!;
    state[1] = key!;
  };
  const state = ({ argTypes }: AggregateSite): readonly DataType[] => argTypes;
  return {
    name,
    aliases,
    signatures: ["T, any -> T"],
    ordered: true,
    state,
    init: () => [null, null],
    update: take,
    merge: take,
    final: ([value]) => value!,
    about,
  };
}

const greater = (a: Value, b: Value) => (compareValues(b, a) > 0 ? b : a);
const lesser = (a: Value, b: Value) => (compareValues(b, a) < 0 ? b : a);

export const choiceAggregates: readonly AggregateFunction[] = [
  fold("min", "T -> T", lesser, "The least value. NaN is the greatest number."),
  fold("max", "T -> T", greater, "The greatest value."),
  {
    ...fold("any_value", "T -> T", (a) => a, "The first value that is not NULL."),
    ordered: true,
    duplicatesIgnored: false,
  },
  endmost("first", ["arbitrary", "first_value"], false, "The value of the first row, even NULL."),
  endmost("last", ["last_value"], true, "The value of the last row, even NULL."),
  argExtreme("arg_min", ["argmin", "min_by"], -1, "The first argument in the row where the second is least."),
  argExtreme("arg_max", ["argmax", "max_by"], 1, "The first argument in the row where the second is greatest."),
  fold("bool_and", "boolean -> boolean", (a, b) => a && b, "Whether all values are true.", { aliases: ["every"] }),
  fold("bool_or", "boolean -> boolean", (a, b) => a || b, "Whether some value is true.", { aliases: ["some"] }),
  fold(
    "bit_and",
    "integer -> integer",
    bits((a, b) => a & b),
    "Bitwise and of all values.",
  ),
  fold(
    "bit_or",
    "integer -> integer",
    bits((a, b) => a | b),
    "Bitwise or of all values.",
  ),
  fold(
    "bit_xor",
    "integer -> integer",
    bits((a, b) => a ^ b),
    "Bitwise exclusive or of all values.",
    {
      duplicatesIgnored: false,
    },
  ),
];

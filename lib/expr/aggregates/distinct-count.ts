/** Approximate count of distinct values: HyperLogLog (Flajolet et al. 2007) with 2^12 registers, 1.6% standard error. */
import { types } from "../../arrow/types.ts";
import type { Value } from "../../arrow/value.ts";
import { keyOfValue } from "../value.ts";
import type { AggregateFunction } from "./aggregate-function.ts";

const registerBits = 12;
const registers = 1 << registerBits;

/** 32 bits, well mixed, of a string (the finalizer of MurmurHash3 over a multiplicative hash). */
function hash(text: string, seed: number): number {
  let h = seed;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x9e3779b1) ^ (h >>> 15);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

function add(sketch: Uint8Array, value: Value): void {
  const key = keyOfValue(value);
  const register = hash(key, 0x2545f491) >>> (32 - registerBits);
  const rank = Math.clz32(hash(key, 0x7f4a7c15)) + 1;
  if (rank > sketch[register]!) sketch[register] = rank;
}

function estimate(sketch: Uint8Array): bigint {
  let sum = 0;
  let empty = 0;
  for (const rank of sketch) {
    sum += 2 ** -rank;
    if (rank === 0) empty++;
  }
  const raw = ((0.7213 / (1 + 1.079 / registers)) * registers * registers) / sum;
  const small = raw <= 2.5 * registers && empty > 0;
  return BigInt(Math.round(small ? registers * Math.log(registers / empty) : raw));
}

export const distinctCountAggregates: readonly AggregateFunction[] = [
  {
    name: "approx_count_distinct",
    aliases: ["approx_distinct"],
    signatures: ["any -> int64"],
    state: () => [types.binary],
    neverNull: true,
    duplicatesIgnored: true,
    init: () => [new Uint8Array(registers)],
    update: ([sketch], [value]) => add(sketch as Uint8Array, value!),
    merge: ([sketch], [other]) => {
      if (other === null) return;
      const [target, source] = [sketch as Uint8Array, other as Uint8Array];
      for (let i = 0; i < registers; i++) if (source[i]! > target[i]!) target[i] = source[i]!;
    },
    final: ([sketch]) => estimate(sketch as Uint8Array),
    about: "About how many distinct values there are (HyperLogLog, 1.6% standard error).",
  },
];

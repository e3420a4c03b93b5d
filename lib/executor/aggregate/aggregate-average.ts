/** avg of integers and decimals: the exact sum, divided once. */
import { types } from "../../arrow/types.ts";
import type { FlatVector } from "../../arrow/vector.ts";
import type { Arena } from "../../kernels/arena.ts";
import type { LinearMemory, Ptr } from "../../kernels/memory.ts";

const exactIntegerMax = 2 ** 53;

/** The f64 nearest to sum / 10^scale / count. counts: i64; a count of 0 gives NULL. */
export function averages(memory: LinearMemory, sums: FlatVector, scale: number, counts: Ptr, arena: Arena): FlatVector {
  const n = sums.length;
  const { kernels } = memory;
  const data = arena.alloc(n * 8);
  const validity = arena.alloc(n);
  const dividends = sums.physical === "f64" ? sums.data : arena.alloc(n * 8);
  if (sums.physical === "i64") kernels.i64ToF64(sums.data, n, dividends);
  else if (sums.physical === "i128") kernels.i128ToF64(sums.data, n, dividends);
  kernels.averages(dividends, counts, 10 ** scale, n, data, validity);
  if (sums.physical !== "f64") divideLargeExactly(memory, sums, dividends, scale, counts, data);
  return { kind: "flat", type: types.float64, physical: "f64", length: n, data, validity };
}

/** Where dividend or divisor is no exact f64, the quotient of their roundings may not be the nearest: divide integers. */
function divideLargeExactly(
  memory: LinearMemory,
  sums: FlatVector,
  dividends: Ptr,
  scale: number,
  counts: Ptr,
  out: Ptr,
): void {
  const unit = 10n ** BigInt(scale);
  for (let row = 0; row < sums.length; row++) {
    const approximate = Math.abs(memory.f64[(dividends >>> 3) + row]!);
    const divisor =
      (memory.u32[(counts >>> 2) + row * 2 + 1]! * 2 ** 32 + memory.u32[(counts >>> 2) + row * 2]!) * 10 ** scale;
    if (divisor === 0 || (approximate <= exactIntegerMax && divisor <= exactIntegerMax)) continue;
    const count = memory.i64[(counts >>> 3) + row]!;
    const at = sums.data + row * (sums.physical === "i128" ? 16 : 8);
    const low = memory.view.getBigInt64(at, true);
    const sum =
      sums.physical === "i64" ? low : (memory.view.getBigInt64(at + 8, true) << 64n) | BigInt.asUintN(64, low);
    memory.f64[(out >>> 3) + row] = nearestQuotient(sum, count * unit);
  }
}

/** The f64 nearest to numerator / denominator (> 0): a quotient of more than 64 bits, its lost bits kept as one. */
function nearestQuotient(numerator: bigint, denominator: bigint): number {
  if (numerator === 0n) return 0;
  const magnitude = numerator < 0n ? -numerator : numerator;
  const shift = Math.max(0, 66 + denominator.toString(2).length - magnitude.toString(2).length);
  const scaled = magnitude << BigInt(shift);
  const sticky = scaled % denominator === 0n ? 0n : 1n;
  const result = Number((scaled / denominator) | sticky) / 2 ** shift;
  return numerator < 0n ? -result : result;
}

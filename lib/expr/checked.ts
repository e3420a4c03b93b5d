/** Exact arithmetic within a type's range: integers and decimals fail where they would wrap. */
import { type DataType, decimalPrecisionMax, typeName } from "../arrow/types.ts";
import { QueryError } from "../errors.ts";

const integerBits: Readonly<Record<string, number>> = { int8: 8, int16: 16, int32: 32, int64: 64 };

/** The value as `type` holds it: a number for int8–int32, a bigint for int64. @throws QueryError overflow */
export function toInteger(value: bigint, type: DataType, what: () => string): number | bigint {
  const bits = integerBits[type.kind]!;
  if (BigInt.asIntN(bits, value) !== value) throw overflow(what(), type);
  return bits === 64 ? value : Number(value);
}

const powers: readonly bigint[] = Array.from({ length: 2 * decimalPrecisionMax + 1 }, (_, i) => 10n ** BigInt(i));

/** 10 to the power of `exponent`, 0–76. */
export function powerOfTen(exponent: number): bigint {
  return powers[exponent] ?? 10n ** BigInt(exponent);
}

/** Checks that an unscaled decimal has at most `precision` digits. @throws QueryError overflow */
export function toDecimal(unscaled: bigint, type: DataType & { kind: "decimal" }, what: () => string): bigint {
  const limit = powerOfTen(type.precision);
  if (unscaled >= limit || unscaled <= -limit) throw overflow(what(), type);
  return unscaled;
}

export function overflow(what: string, type: DataType): QueryError {
  return new QueryError("overflow", `${what} is out of the range of ${typeName(type)}`);
}

/** Divides, rounding half away from zero. */
export function divideRounded(value: bigint, divisor: bigint): bigint {
  const quotient = value / divisor;
  const rest = value % divisor;
  const twice = 2n * (rest < 0n ? -rest : rest);
  if (twice < (divisor < 0n ? -divisor : divisor)) return quotient;
  return value < 0n === divisor < 0n ? quotient + 1n : quotient - 1n;
}

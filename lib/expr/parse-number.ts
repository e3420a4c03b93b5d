/** Numbers from text: optional spaces around, sign, digits with single underscores between them, point, exponent. */
import { divideRounded, powerOfTen } from "./checked.ts";

const decimalPattern = /^\s*([+-]?)(\d+(?:_\d+)*)?(?:\.(\d+(?:_\d+)*)?)?(?:[eE]([+-]?\d{1,9}))?\s*$/;
const namedFloat = /^\s*([+-]?)(inf|infinity|nan)\s*$/i;
const radixPattern = /^\s*0(x[0-9a-f]+|b[01]+)\s*$/i;

/** Beyond this many digits no type has use for the rest. */
const exponentMax = 400;

/** The number as unscaled × 10^−scale, exactly (scale may be negative); undefined when the text is no number. */
function parseExact(text: string): { unscaled: bigint; scale: number } | undefined {
  const match = decimalPattern.exec(text);
  if (!match) return undefined;
  const [, sign, whole = "", fraction = "", exponent = "0"] = match;
  if (whole === "" && fraction === "") return undefined;
  const digits = (whole + fraction).replaceAll("_", "");
  const unscaled = BigInt(digits);
  return {
    unscaled: sign === "-" ? -unscaled : unscaled,
    scale: fraction.replaceAll("_", "").length - Number(exponent),
  };
}

/**
 * The number in units of 10^−scale, rounded half away from zero; undefined when the text is no number or too large for
 * any decimal.
 */
export function parseDecimal(text: string, scale: number): bigint | undefined {
  const exact = parseExact(text);
  if (!exact) return undefined;
  if (exact.unscaled === 0n) return 0n;
  const shift = scale - exact.scale;
  if (shift > exponentMax) return undefined;
  if (shift >= 0) return exact.unscaled * powerOfTen(shift);
  // A divisor with more digits than the number has leaves less than a half.
  if (-shift > String(exact.unscaled).length + 1) return 0n;
  return divideRounded(exact.unscaled, powerOfTen(-shift));
}

/** A whole number, also 0x… and 0b…; fractions are rounded half away from zero. Undefined when it is no number. */
export function parseInteger(text: string): bigint | undefined {
  const radix = radixPattern.exec(text);
  return radix ? BigInt(`0${radix[1]!.toLowerCase()}`) : parseDecimal(text, 0);
}

/** A double: also inf, infinity and nan in any case. Out of range gives ±inf or 0. Undefined when it is no number. */
export function parseFloat64(text: string): number | undefined {
  const named = namedFloat.exec(text);
  if (named) {
    if (named[2]!.toLowerCase() === "nan") return Number.NaN;
    return named[1] === "-" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  }
  const match = decimalPattern.exec(text);
  return match && (match[2] || match[3]) ? Number(text.replaceAll("_", "")) : undefined;
}

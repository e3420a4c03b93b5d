/**
 * The generator's pseudo-random streams (TPC-H specification, clause 4.2; the minimal standard generator of Park and
 * Miller). Every column draws from a stream of its own, and every source row consumes a fixed number of draws whether
 * it needs them or not: this is what lets any row range be generated without the rows before it.
 */
const multiplier = 16807;
const modulus = 2147483647; // 2^31 − 1
const twoTo31 = 2147483648;
const twoToMinus31 = 1 / twoTo31; // exact

/** One column's stream; the range of a draw has fewer than 2^31 values. */
export class RandomStream {
  private seed: number;
  private used = 0;
  private readonly drawsPerRow: number;
  /** powers[k] advances a seed by k draws. */
  private readonly powers: Float64Array;

  constructor(seed: number, drawsPerRow = 1) {
    this.seed = seed;
    this.drawsPerRow = drawsPerRow;
    this.powers = new Float64Array(drawsPerRow + 1);
    for (let k = 0, power = 1; k <= drawsPerRow; k++, power = multiplyMod(power, multiplier)) this.powers[k] = power;
  }

  /** A whole number in [low, high]; the range has fewer than 2^31 values. */
  next(low: number, high: number): number {
    this.used++;
    const seed = nextSeed(this.seed);
    this.seed = seed;
    // The order of these floating-point operations is part of the definition.
    return low + Math.trunc((seed / modulus) * (high - low + 1));
  }

  /** A draw from [0, 2^31 − 1], whose range overflows to −2^31 in the original: the result is negative. */
  nextOverflowing(): number {
    this.used++;
    const seed = nextSeed(this.seed);
    this.seed = seed;
    return Math.trunc((seed / modulus) * -twoTo31);
  }

  /** Consumes what the row left over. */
  endRow(): void {
    const left = this.drawsPerRow - this.used;
    this.used = 0;
    if (left === 1) this.seed = nextSeed(this.seed);
    else if (left > 0) this.seed = multiplyMod(this.seed, this.powers[left] as number);
  }

  /** Jumps over whole rows, in logarithmic time. */
  skipRows(rows: number): void {
    let count = rows * this.drawsPerRow;
    let power = multiplier;
    while (count > 0) {
      if (count % 2 === 1) this.seed = multiplyMod(this.seed, power);
      count = Math.floor(count / 2);
      power = multiplyMod(power, power);
    }
  }
}

/** The seed after one draw: the high bits of the product fold onto its low 31, all in 32-bit arithmetic. */
export function nextSeed(seed: number): number {
  const low = Math.imul(seed, multiplier) & modulus;
  const high = (seed * multiplier * twoToMinus31) | 0; // the product is below 2^46 and so exact
  const folded = low - modulus + high;
  return folded < 0 ? folded + modulus : folded;
}

/** The draw from [0, range) that a seed stands for. */
export function scaleSeed(seed: number, range: number): number {
  return Math.trunc((seed / modulus) * range);
}

/** a · b mod 2^31 − 1, by halves so that every product is exact. */
function multiplyMod(a: number, b: number): number {
  const high = reduce((a >>> 16) * b);
  return reduce(reduce(high * 65536) + reduce((a & 0xffff) * b));
}

/** value mod 2^31 − 1 for 0 ≤ value < 2^53 − 2^31, folding the high bits onto the low ones. */
function reduce(value: number): number {
  const high = Math.floor(value * twoToMinus31);
  const folded = value - high * twoTo31 + high;
  return folded >= modulus ? folded - modulus : folded;
}

/**
 * Variance, covariance, regression and higher moments. States are counts, means and sums of powers of deviations from the
 * mean, which neither cancel like sums of squares nor depend much on the order, and merge exactly in form (Chan, Golub,
 * LeVeque 1979; Pébay 2008).
 */
import { type DataType, types } from "../../arrow/types.ts";
import type { Value } from "../../arrow/value.ts";
import type { AggregateFunction } from "./aggregate-function.ts";

const { int64, float64 } = types;

const numbersOf = (state: readonly Value[]): number[] => state.map(Number);

function store(state: Value[], count: number, ...rest: number[]): void {
  state[0] = BigInt(count);
  for (const [i, value] of rest.entries()) state[i + 1] = value;
}

const univariate = {
  signatures: ["float64 -> float64"],
  state: (): readonly DataType[] => [int64, float64, float64],
  init: (): Value[] => [0n, 0, 0],
  update: (state: Value[], [value]: readonly Value[]) => {
    const [count = 0, mean = 0, m2 = 0] = numbersOf(state);
    const delta = (value as number) - mean;
    const newMean = mean + delta / (count + 1);
    store(state, count + 1, newMean, m2 + delta * ((value as number) - newMean));
  },
  merge: (state: Value[], other: readonly Value[]) => {
    const [nA = 0, meanA = 0, m2A = 0] = numbersOf(state);
    const [nB = 0, meanB = 0, m2B = 0] = numbersOf(other);
    if (nB === 0) return;
    const n = nA + nB;
    const delta = meanB - meanA;
    store(state, n, meanA + (delta * nB) / n, m2A + m2B + (delta * delta * nA * nB) / n);
  },
} as const;

/** @param least rows below which the result is NULL */
function variance(
  name: string,
  aliases: string[],
  least: number,
  result: (m2: number, n: number) => number,
  about: string,
): AggregateFunction {
  return {
    name,
    aliases,
    ...univariate,
    final: (state) => {
      const [n = 0, , m2 = 0] = numbersOf(state);
      return n < least ? null : result(m2, n);
    },
    about,
  };
}

/** State: count, mean of y, mean of x, sum of dy·dx, sum of dx², sum of dy². Arguments: y, x. */
const bivariate = {
  signatures: ["float64, float64 -> float64"],
  state: (): readonly DataType[] => [int64, float64, float64, float64, float64, float64],
  init: (): Value[] => [0n, 0, 0, 0, 0, 0],
  update: (state: Value[], [yValue, xValue]: readonly Value[]) => {
    const [n = 0, meanY = 0, meanX = 0, c = 0, xx = 0, yy = 0] = numbersOf(state);
    const [y, x] = [yValue as number, xValue as number];
    const [dy, dx] = [y - meanY, x - meanX];
    const [newY, newX] = [meanY + dy / (n + 1), meanX + dx / (n + 1)];
    store(state, n + 1, newY, newX, c + dx * (y - newY), xx + dx * (x - newX), yy + dy * (y - newY));
  },
  merge: (state: Value[], other: readonly Value[]) => {
    const [nA = 0, yA = 0, xA = 0, cA = 0, xxA = 0, yyA = 0] = numbersOf(state);
    const [nB = 0, yB = 0, xB = 0, cB = 0, xxB = 0, yyB = 0] = numbersOf(other);
    if (nB === 0) return;
    const n = nA + nB;
    const [dy, dx, w] = [yB - yA, xB - xA, (nA * nB) / n];
    const means = [yA + (dy * nB) / n, xA + (dx * nB) / n];
    store(state, n, means[0]!, means[1]!, cA + cB + dx * dy * w, xxA + xxB + dx * dx * w, yyA + yyB + dy * dy * w);
  },
} as const;

interface Pairs {
  readonly n: number;
  readonly meanY: number;
  readonly meanX: number;
  readonly xy: number;
  readonly xx: number;
  readonly yy: number;
}

/** @param least rows below which the result is NULL */
function pairs(name: string, least: number, result: (sums: Pairs) => number | null, about: string): AggregateFunction {
  return {
    name,
    ...bivariate,
    final: (state) => {
      const [n = 0, meanY = 0, meanX = 0, xy = 0, xx = 0, yy = 0] = numbersOf(state);
      return n < least ? null : result({ n, meanY, meanX, xy, xx, yy });
    },
    about,
  };
}

function determination({ xy, xx, yy }: Pairs): number | null {
  if (xx === 0) return null;
  return yy === 0 ? 1 : (xy / Math.sqrt(xx * yy)) ** 2;
}

/** State: count, mean, sums of the second, third and fourth powers of deviations. */
const moments = {
  signatures: ["float64 -> float64"],
  state: (): readonly DataType[] => [int64, float64, float64, float64, float64],
  init: (): Value[] => [0n, 0, 0, 0, 0],
  update: (state: Value[], [value]: readonly Value[]) => mergeMoments(state, [1n, value!, 0, 0, 0]),
  merge: mergeMoments,
} as const;

function mergeMoments(state: Value[], other: readonly Value[]): void {
  const [nA = 0, meanA = 0, a2 = 0, a3 = 0, a4 = 0] = numbersOf(state);
  const [nB = 0, meanB = 0, b2 = 0, b3 = 0, b4 = 0] = numbersOf(other);
  if (nB === 0) return;
  const n = nA + nB;
  const d = meanB - meanA;
  const dn = d / n;
  const m2 = a2 + b2 + d * dn * nA * nB;
  const m3 = a3 + b3 + d * dn * dn * nA * nB * (nA - nB) + 3 * dn * (nA * b2 - nB * a2);
  const fourth = d * dn ** 3 * nA * nB * (nA * nA - nA * nB + nB * nB);
  const m4 = a4 + b4 + fourth + 6 * dn * dn * (nA * nA * b2 + nB * nB * a2) + 4 * dn * (nA * b3 - nB * a3);
  store(state, n, meanA + dn * nB, m2, m3, m4);
}

function shape(
  name: string,
  least: number,
  result: (n: number, m2: number, m3: number, m4: number) => number | null,
  about: string,
): AggregateFunction {
  return {
    name,
    ...moments,
    final: (state) => {
      const [n = 0, , m2 = 0, m3 = 0, m4 = 0] = numbersOf(state);
      return n < least ? null : result(n, m2, m3, m4);
    },
    about,
  };
}

export const statisticsAggregates: readonly AggregateFunction[] = [
  variance("var_samp", ["variance", "var"], 2, (m2, n) => m2 / (n - 1), "Variance of a sample; NULL below two rows."),
  variance("var_pop", [], 1, (m2, n) => m2 / n, "Variance of the whole population."),
  variance(
    "stddev_samp",
    ["stddev"],
    2,
    (m2, n) => Math.sqrt(m2 / (n - 1)),
    "Standard deviation of a sample; NULL below two rows.",
  ),
  variance("stddev_pop", [], 1, (m2, n) => Math.sqrt(m2 / n), "Standard deviation of the whole population."),
  variance("sem", [], 1, (m2, n) => Math.sqrt(m2 / n) / Math.sqrt(n), "Standard error of the mean."),
  pairs("covar_pop", 1, ({ xy, n }) => xy / n, "Covariance of the whole population."),
  pairs("covar_samp", 2, ({ xy, n }) => xy / (n - 1), "Covariance of a sample; NULL below two rows."),
  pairs("corr", 1, ({ xy, xx, yy }) => xy / Math.sqrt(xx * yy), "Correlation; NaN if either side is constant."),
  pairs("regr_slope", 1, ({ xy, xx }) => xy / xx, "Slope of the regression line of y (first) on x (second)."),
  pairs(
    "regr_intercept",
    1,
    ({ xy, xx, meanX, meanY }) => (xx === 0 ? null : meanY - (xy / xx) * meanX),
    "Where the regression line meets the y axis; NULL if x is constant.",
  ),
  pairs("regr_r2", 1, determination, "Coefficient of determination; NULL if x is constant, 1 if only y is."),
  pairs("regr_avgx", 1, ({ meanX }) => meanX, "Mean of x (second), over rows with both."),
  pairs("regr_avgy", 1, ({ meanY }) => meanY, "Mean of y (first), over rows with both."),
  pairs("regr_sxx", 1, ({ xx }) => xx, "Sum of squared deviations of x."),
  pairs("regr_syy", 1, ({ yy }) => yy, "Sum of squared deviations of y."),
  pairs("regr_sxy", 1, ({ xy }) => xy, "Sum of products of deviations."),
  {
    name: "regr_count",
    signatures: ["float64, float64 -> int64"],
    state: () => [int64],
    neverNull: true,
    init: () => [0n],
    update: (state) => {
      state[0] = (state[0] as bigint) + 1n;
    },
    merge: (state, other) => {
      state[0] = (state[0] as bigint) + (other[0] as bigint);
    },
    final: (state) => state[0]!,
    about: "Rows where both are not NULL.",
  },
  shape(
    "skewness",
    3,
    (n, m2, m3) => ((m3 / n) * Math.sqrt(n * (n - 1))) / (n - 2) / (m2 / n) ** 1.5,
    "Skewness of a sample; NULL below three rows.",
  ),
  shape(
    "kurtosis",
    4,
    (n, m2, _, m4) => {
      if (m2 === 0) return null;
      const excess = (n * m4) / (m2 * m2) - 3;
      return ((n - 1) / ((n - 2) * (n - 3))) * ((n + 1) * excess + 6);
    },
    "Excess kurtosis of a sample; NULL below four rows.",
  ),
  shape(
    "kurtosis_pop",
    2,
    (n, m2, _, m4) => (m2 === 0 ? null : (n * m4) / (m2 * m2) - 3),
    "Excess kurtosis of the whole population.",
  ),
];

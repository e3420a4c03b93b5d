/** What a query used, exactly, and what that costs. */

export interface Usage {
  /** Memory of a function times how long it ran, executors and scheduler together. */
  readonly lambdaGbSeconds: number;
  readonly lambdaInvocations: number;
  readonly s3Gets: number;
  /** PUT, multipart parts and completions, LIST. */
  readonly s3Puts: number;
  readonly s3BytesRead: number;
  readonly s3BytesWritten: number;
  readonly dynamoReadUnits: number;
  readonly dynamoWriteUnits: number;
}

export interface Cost {
  readonly lambda: number;
  readonly s3: number;
  readonly dynamo: number;
  /** US dollars. */
  readonly total: number;
}

export const noUsage: Usage = {
  lambdaGbSeconds: 0,
  lambdaInvocations: 0,
  s3Gets: 0,
  s3Puts: 0,
  s3BytesRead: 0,
  s3BytesWritten: 0,
  dynamoReadUnits: 0,
  dynamoWriteUnits: 0,
};

const fields = Object.keys(noUsage) as (keyof Usage)[];

export function addUsage(a: Usage, b: Usage): Usage {
  return combined((field) => a[field] + b[field]);
}

export function subtractUsage(a: Usage, b: Usage): Usage {
  return combined((field) => a[field] - b[field]);
}

export function sumUsage(all: Iterable<Usage>): Usage {
  let sum = noUsage;
  for (const each of all) sum = addUsage(sum, each);
  return sum;
}

function combined(of: (field: keyof Usage) => number): Usage {
  const usage: Record<keyof Usage, number> = { ...noUsage };
  for (const field of fields) usage[field] = of(field);
  return usage;
}

/** Prices of one region on one day, in US dollars per unit. */
export interface PriceTable {
  readonly region: string;
  /** YYYY-MM-DD */
  readonly date: string;
  readonly lambdaGbSecond: number;
  readonly lambdaInvocation: number;
  readonly s3Get: number;
  readonly s3Put: number;
  readonly dynamoReadUnit: number;
  readonly dynamoWriteUnit: number;
}

/** On demand, arm64, us-east-1. */
export const defaultPrices: PriceTable = {
  region: "us-east-1",
  date: "2026-11-01",
  lambdaGbSecond: 0.0000133334,
  lambdaInvocation: 0.2e-6,
  s3Get: 0.4e-6,
  s3Put: 5e-6,
  dynamoReadUnit: 0.125e-6,
  dynamoWriteUnit: 0.625e-6,
};

export function costOf(usage: Usage, prices: PriceTable = defaultPrices): Cost {
  const lambda = usage.lambdaGbSeconds * prices.lambdaGbSecond + usage.lambdaInvocations * prices.lambdaInvocation;
  const s3 = usage.s3Gets * prices.s3Get + usage.s3Puts * prices.s3Put;
  const dynamo = usage.dynamoReadUnits * prices.dynamoReadUnit + usage.dynamoWriteUnits * prices.dynamoWriteUnit;
  return { lambda, s3, dynamo, total: lambda + s3 + dynamo };
}

/** Use of the cloud and its price as text. */
import { costOf, type PriceTable, type Usage } from "./usage.ts";

export function formatUsage(usage: Usage, prices: PriceTable): string {
  return `${formatDollars(costOf(usage, prices).total)}: ${formatAmounts(usage)}`;
}

export function formatAmounts(usage: Usage): string {
  const { lambdaGbSeconds, lambdaInvocations, s3Gets, s3Puts, dynamoReadUnits, dynamoWriteUnits } = usage;
  return [
    `${Number(lambdaGbSeconds.toPrecision(3))} GB-s`,
    ...(lambdaInvocations > 0 ? [counted(lambdaInvocations, "invocation")] : []),
    `${s3Gets} GET, ${s3Puts} PUT`,
    `${counted(dynamoReadUnits, "read unit")}, ${counted(dynamoWriteUnits, "write unit")}`,
  ].join("; ");
}

export function formatDollars(dollars: number): string {
  return dollars >= 1 ? `$${dollars.toFixed(2)}` : `$${Number(dollars.toPrecision(3)).toFixed(digitsOf(dollars))}`;
}

/** Digits behind the point that show three that matter. */
function digitsOf(dollars: number): number {
  return dollars === 0 ? 2 : Math.min(12, 2 - Math.floor(Math.log10(dollars)));
}

function counted(count: number, one: string): string {
  return `${count} ${one}${count === 1 ? "" : "s"}`;
}

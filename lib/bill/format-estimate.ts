/** An estimate as text, for EXPLAIN. */
import type { QueryEstimate } from "./estimate.ts";
import { formatDollars } from "./format-usage.ts";
import { formatBytes } from "./quantities.ts";

export function formatReading({ bytes, bytesLeast, files, stages, tasks }: QueryEstimate): string {
  const sure = bytesLeast < bytes ? `, ${formatBytes(bytesLeast)} of it in any case` : "";
  const what = files === 0 ? "reads no table" : `reads up to ${formatBytes(bytes)} of ${counted(files, "file")}${sure}`;
  return `${what}; ${counted(stages, "stage")}, ${counted(tasks, "task")}`;
}

/** What it would take on functions. */
export function formatPrice({ usage, cost, prices }: QueryEstimate): string {
  const requests = `${usage.s3Gets} GET, ${usage.s3Puts} PUT`;
  const units = `${counted(usage.dynamoReadUnits, "read unit")}, ${counted(usage.dynamoWriteUnits, "write unit")}`;
  const time = `${Number(usage.lambdaGbSeconds.toPrecision(2))} GB-s in ${counted(usage.lambdaInvocations, "invocation")}`;
  return [
    `costs about ${formatDollars(Number(cost.total.toPrecision(2)))} on functions: ${time}; ${requests}; ${units}`,
    `prices of ${prices.region} on ${prices.date}`,
  ].join("\n");
}

function counted(count: number, one: string): string {
  return `${count.toLocaleString("en-US")} ${one}${count === 1 ? "" : "s"}`;
}

/** Session properties that mean something here; all others are kept without effect. */
import type { SubmitRequest } from "../../service/query-service.ts";
import { TrinoFailure } from "./errors.ts";
import { catalogName, type TrinoSession } from "./session.ts";

/** Trino's own name for it. */
const bytesProperty = "query_max_scan_physical_bytes";
const costProperty = `${catalogName}.max_cost`;

const units: Readonly<Record<string, number>> = { b: 1, kb: 2 ** 10, mb: 2 ** 20, gb: 2 ** 30, tb: 2 ** 40 };

export function limitsOf({ properties }: TrinoSession): Pick<SubmitRequest, "maxBytes" | "maxCost"> {
  const size = properties.get(bytesProperty);
  const cost = properties.get(costProperty);
  return {
    ...(size !== undefined && { maxBytes: bytesOf(size) }),
    ...(cost !== undefined && { maxCost: positive(costProperty, cost) }),
  };
}

/** Such as 10GB. */
function bytesOf(size: string): number {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([kMGT]?B)\s*$/i.exec(size);
  if (!match) throw invalid(bytesProperty, size);
  return Math.max(1, Math.floor(Number(match[1]) * units[match[2]!.toLowerCase()]!));
}

function positive(name: string, text: string): number {
  const number = Number(text);
  if (number > 0 && Number.isFinite(number)) return number;
  throw invalid(name, text);
}

function invalid(name: string, value: string): TrinoFailure {
  return new TrinoFailure("INVALID_SESSION_PROPERTY", `${name} is invalid: ${value}`);
}

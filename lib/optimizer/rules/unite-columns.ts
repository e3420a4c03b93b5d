/** Plans that compute the same rows may pass on different columns of them: one plan with the columns of all. */
import { withInputs } from "../../logical/build.ts";
import { inputsOf } from "../../logical/format.ts";
import type { LogicalPlan, LogicalScan } from "../../logical/plan.ts";

/** The first plan, with the columns beside its own that the others read; those keep their ids. */
export function uniteColumns([first, ...others]: readonly LogicalPlan[]): LogicalPlan {
  switch (first!.kind) {
    case "scan":
      return others.reduce<LogicalScan>((scan, other) => addColumns(scan, other as LogicalScan), first!);
    case "filter":
    case "sort":
    case "limit":
    case "window":
    case "join": {
      const inputs = inputsOf(first!).map((input, i) => uniteColumns([input, ...others.map((o) => inputsOf(o)[i]!)]));
      return withInputs(first!, inputs);
    }
    default:
      // What these pass on is part of what they compute.
      return first!;
  }
}

function addColumns(scan: LogicalScan, other: LogicalScan): LogicalScan {
  const missing = [...other.source.keys()].filter((i) => !scan.source.includes(other.source[i]!));
  if (missing.length === 0) return scan;
  return {
    ...scan,
    columns: [...scan.columns, ...missing.map((i) => other.columns[i]!)],
    source: [...scan.source, ...missing.map((i) => other.source[i]!)],
  };
}

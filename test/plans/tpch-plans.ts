/** The plans of the TPC-H queries at scale 100, by injected statistics: 64 slots, so that data moves as on a cluster. */
import { readdir, readFile } from "node:fs/promises";
import { formatPhysical } from "../../lib/physical/format.ts";
import { planQuery } from "./plan-query.ts";
import { TpchCatalog } from "./tpch-catalog.ts";

const queries = new URL("../../bench/tpch/", import.meta.url);
export const goldens = new URL("./tpch/", import.meta.url);

/** Plan texts by name, such as `q01`. */
export async function tpchPlans(): Promise<Map<string, string>> {
  const catalog = new TpchCatalog(100);
  const plans = new Map<string, string>();
  for (const file of (await readdir(queries)).filter((name) => name.endsWith(".sql")).sort()) {
    const { physical } = await planQuery(await readFile(new URL(file, queries), "utf8"), catalog, { slots: 64 });
    plans.set(file.replace(".sql", ""), `${formatPhysical(physical, { ids: false, estimates: true })}\n`);
  }
  return plans;
}

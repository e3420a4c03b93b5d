/** Rewrites the plan goldens: `node test/plans/update.ts`. Read the difference before you commit it. */
import { mkdir, writeFile } from "node:fs/promises";
import { goldens, tpchPlans } from "./tpch-plans.ts";

await mkdir(goldens, { recursive: true });
for (const [name, plan] of await tpchPlans()) await writeFile(new URL(`${name}.txt`, goldens), plan);

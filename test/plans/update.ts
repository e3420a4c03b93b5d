/** Rewrites the plan goldens: `node test/plans/update.ts`. Read the difference before you commit it. */
import { mkdir, writeFile } from "node:fs/promises";
import { ruleGoldens, rulePlans } from "./rule-plans.ts";
import { goldens, tpchPlans } from "./tpch-plans.ts";

await mkdir(goldens, { recursive: true });
for (const [name, plan] of await tpchPlans()) await writeFile(new URL(`${name}.txt`, goldens), plan);

await mkdir(ruleGoldens, { recursive: true });
for (const [rule, text] of await rulePlans()) await writeFile(new URL(`${rule}.txt`, ruleGoldens), text);

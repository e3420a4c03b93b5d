import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { goldens, tpchPlans } from "./tpch-plans.ts";

const plans = await tpchPlans();

for (const [name, plan] of plans) {
  test(`the plan of TPC-H ${name} at scale 100 is the golden one`, async () => {
    const golden = await readFile(new URL(`${name}.txt`, goldens), "utf8");
    assert.equal(plan, golden, "if the new plan is meant, run: node test/plans/update.ts");
  });
}

test("all 22 queries are planned", () => assert.equal(plans.size, 22));

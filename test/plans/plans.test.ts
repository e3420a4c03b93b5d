import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { rules } from "../../lib/optimizer/optimize.ts";
import { ruleGoldens, rulePlans } from "./rule-plans.ts";
import { goldens, tpchPlans } from "./tpch-plans.ts";

const plans = await tpchPlans();

for (const [name, plan] of plans) {
  test(`the plan of TPC-H ${name} at scale 100 is the golden one`, async () => {
    const golden = await readFile(new URL(`${name}.txt`, goldens), "utf8");
    assert.equal(plan, golden, "if the new plan is meant, run: node test/plans/update.ts");
  });
}

test("all 22 queries are planned", () => assert.equal(plans.size, 22));

const ruleTexts = await rulePlans();

for (const [rule, text] of ruleTexts) {
  test(`${rule}: plans before and after it are the golden ones`, async () => {
    const golden = await readFile(new URL(`${rule}.txt`, ruleGoldens), "utf8");
    assert.equal(text, golden, "if the new plan is meant, run: node test/plans/update.ts");
  });
}

test("every rule has its examples, and changes each of them", () => {
  assert.deepEqual(
    [...ruleTexts.keys()],
    rules.map((rule) => rule.name),
  );
  for (const text of ruleTexts.values()) assert.doesNotMatch(text, /the same/);
});

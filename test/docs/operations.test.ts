/** What docs/operations.md says that queries cost, worked through again with the code's own prices. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { costOf, defaultPrices, noUsage, type Usage } from "../../lib/bill/usage.ts";

const text = readFileSync(join(import.meta.dirname, "../../docs/operations.md"), "utf8");
const gigabytes = 1769 / 1024;

/** "60,057" → 60057 */
function numberOf(written: string): number {
  return Number(written.replaceAll(",", "").replace("$", ""));
}

/** The cost in the last cell of the row that begins so. */
function costOfRow(section: string, start: string): { readonly row: string; readonly dollars: string } {
  const row = section.split("\n").find((line) => line.startsWith(`| ${start}`));
  assert.ok(row, `there is no row ${start}`);
  return { row, dollars: row.match(/\$([\d.]+)\D*$/)![1]! };
}

function assertCost(section: string, start: string, usage: Partial<Usage>): number {
  const { total } = costOf({ ...noUsage, ...usage });
  const { row, dollars } = costOfRow(section, start);
  assert.equal(dollars, total.toFixed(dollars.split(".")[1]!.length), row);
  return total;
}

function sectionAfter(heading: string): string {
  const at = text.indexOf(heading);
  assert.ok(at >= 0, `there is no ${heading}`);
  return text.slice(at, text.indexOf("**$", at) + 20);
}

describe("what queries cost, in docs/operations.md", () => {
  for (const { heading, gbSeconds, quantities } of [
    {
      heading: "**1 GB read.**",
      gbSeconds: (8 * 4 + 6) * gigabytes + 1,
      quantities: { lambdaInvocations: 12, s3Gets: 218, s3Puts: 14, dynamoReadUnits: 80, dynamoWriteUnits: 40 },
    },
    {
      heading: "**1 TB read**",
      gbSeconds: (8000 * 4 + 256 * 10 + 200) * gigabytes + 8,
      quantities: {
        lambdaInvocations: 8516,
        s3Gets: 157_000,
        s3Puts: 8300,
        dynamoReadUnits: 200_000,
        dynamoWriteUnits: 17_000,
      },
    },
  ]) {
    it(`${heading} is the sum of its parts, at the price table's prices`, () => {
      const section = sectionAfter(heading);
      const { lambdaInvocations, s3Gets, s3Puts, dynamoReadUnits, dynamoWriteUnits } = quantities;
      const { row } = costOfRow(section, "executors");
      const digits = gbSeconds < 1000 ? 1 : 0;
      assert.equal(numberOf(/\| ([\d.,]+) GB-s \|/.exec(row)![1]!), Number(gbSeconds.toFixed(digits)), row);
      for (const quantity of Object.values(quantities)) {
        const written = quantity.toLocaleString("en-US");
        assert.ok(section.includes(` ${written} `), `${heading} does not have ${written}`);
      }
      const total =
        assertCost(section, "executors", { lambdaGbSeconds: gbSeconds }) +
        assertCost(section, "invocations", { lambdaInvocations }) +
        assertCost(section, "GET", { s3Gets }) +
        assertCost(section, "PUT", { s3Puts }) +
        assertCost(section, "DynamoDB", { dynamoReadUnits, dynamoWriteUnits });
      const written = /\*\*\$([\d.]+)\*\*/.exec(section)![1]!;
      assert.equal(written, total.toFixed(written.split(".")[1]!.length));
    });
  }

  it("the prices and their day are the code's", () => {
    const { region, date, lambdaGbSecond, lambdaInvocation, s3Get, s3Put, dynamoReadUnit, dynamoWriteUnit } =
      defaultPrices;
    const day = new Date(date).toLocaleDateString("en-GB", { day: "numeric", month: "long", year: "numeric" });
    assert.ok(text.includes(`(${region}, arm64, on demand, ${day})`), `${region}, ${day}`);
    const million = (price: number) => `$${(price * 1e6).toFixed(2)} / million`;
    const section = sectionAfter("**1 GB read.**");
    for (const written of [`$${lambdaGbSecond}`, million(lambdaInvocation), million(s3Get), million(s3Put)]) {
      assert.ok(section.includes(written), written);
    }
    assert.ok(section.includes(`$${dynamoReadUnit * 1e6}, $${dynamoWriteUnit * 1e6} / million`));
  });

  it("the ceiling that concurrency sets", () => {
    const second = 200 * gigabytes * defaultPrices.lambdaGbSecond;
    assert.ok(text.includes(`cost $${second.toFixed(4)} a second, $${(second * 3600).toFixed(2)} an hour`));
  });
});

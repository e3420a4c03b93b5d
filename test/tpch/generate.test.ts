import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { QueryError } from "../../lib/errors.ts";
import { generateTpch, type TpchProgress, type TpchResult } from "../../lib/tpch/generate.ts";
import type { TableName } from "../../lib/tpch/table.ts";
import { tableDigest } from "./table-digest.ts";

/** Digests of the reference data at scale 0.01, as the specification's own generator gives it. */
const referenceDigests: Readonly<Record<TableName, string>> = {
  region: "5a7c2fe9718db00ff5e5bc82a9ebfa8abc492cc75260d3c0ffb411974f235ab0",
  nation: "7d47bc9397da331054fa92b8fb92e4c074004bad72dcbb893012093218dccf6c",
  supplier: "b199bef3350840676cfe4be096091851bc47b6a57cd8a71b3f559d42b7d9dacd",
  customer: "22156f2770387f5adadbc72774f2282d353aedd5092bd8fc54871b3bf5e74cba",
  part: "604232ee10e95dca875c196f759c07babf34293dfac8c99b9f1f0c2708f0561b",
  partsupp: "906f58419af6ad5d62489a7e2105257654bb6d8458a7fd8fe19b76655aac50c7",
  orders: "a444603dfba6c47e902e24b517608a5eb3b117127e99dff16a40f4eaa47b812c",
  lineitem: "234f247a5776096d2761cd771618c685149cf062af9f65b07f98b0d92d43fb39",
};

let root: string;
before(async () => {
  root = await mkdtemp(join(tmpdir(), "volley-tpch-"));
});
after(() => rm(root, { recursive: true, force: true }));

async function digests({ tables }: TpchResult): Promise<Record<string, string>> {
  const entries: [string, string][] = [];
  for (const { name, files } of tables) entries.push([name, await tableDigest(files)]);
  return Object.fromEntries(entries);
}

describe("generateTpch", () => {
  it("gives the reference rows at scale 0.01", async () => {
    const reports: TpchProgress[] = [];
    const out = join(root, "whole");
    const result = await generateTpch({ scale: 0.01, out, threads: 2, onProgress: (report) => reports.push(report) });
    assert.deepEqual(await digests(result), referenceDigests);
    assert.deepEqual(
      result.tables.map(({ name, rows }) => [name, rows]),
      [
        ["region", 5],
        ["nation", 25],
        ["supplier", 100],
        ["customer", 1500],
        ["part", 2000],
        ["partsupp", 8000],
        ["orders", 15000],
        ["lineitem", 60175],
      ],
    );
    assert.equal(reports.at(-1)?.rows, 86805);
    assert.ok(Math.abs((reports.at(-1)?.rowsExpected ?? 0) - 86805) < 1000);
    assert.deepEqual(
      (await readdir(out)).sort(),
      Object.keys(referenceDigests)
        .map((name) => `${name}.parquet`)
        .sort(),
    );
  });

  it("gives the same rows in parts, whatever the number of threads", async () => {
    const out = join(root, "parts");
    const result = await generateTpch({ scale: 0.01, out, parts: 7, threads: 1 });
    assert.deepEqual(await digests(result), referenceDigests);
    assert.equal((await readdir(join(out, "lineitem"))).length, 7);
    assert.ok(existsSync(join(out, "nation.parquet")));
    assert.ok(!existsSync(join(out, "lineitem.parquet")));
  });

  it("makes no more parts than there are rows", async () => {
    const out = join(root, "few");
    const result = await generateTpch({ scale: 0.001, out, parts: 50, threads: 1 });
    const supplier = result.tables.find(({ name }) => name === "supplier");
    assert.equal(supplier?.rows, 10);
    assert.equal(supplier?.files.length, 10);
  });

  it("leaves nothing behind when cancelled", async () => {
    const out = join(root, "cancelled");
    const abort = new AbortController();
    const generation = generateTpch({
      scale: 0.05,
      out,
      threads: 2,
      signal: abort.signal,
      onProgress: () => abort.abort(),
    });
    await assert.rejects(generation, (error) => error instanceof QueryError && error.code === "cancelled");
    assert.ok(!existsSync(out));
  });

  it("leaves nothing behind when aborted before it starts, and keeps a directory that was there", async () => {
    const out = join(root, "aborted");
    await mkdir(out);
    const generation = generateTpch({ scale: 0.01, out, signal: AbortSignal.abort() });
    await assert.rejects(generation, (error) => error instanceof QueryError && error.code === "cancelled");
    assert.deepEqual(await readdir(out), []);
  });

  it("does not overwrite a table", async () => {
    const out = join(root, "taken");
    await mkdir(out);
    await writeFile(join(out, "orders.parquet"), "mine");
    const generation = generateTpch({ scale: 0.01, out });
    await assert.rejects(generation, (error) => error instanceof QueryError && error.code === "duplicate");
    assert.deepEqual(await readdir(out), ["orders.parquet"]);
  });

  it("refuses scales, parts and threads out of range", async () => {
    const out = join(root, "refused");
    for (const bad of [{ scale: 0 }, { scale: -1 }, { scale: Number.NaN }, { scale: 10_001 }]) {
      await assert.rejects(generateTpch({ out, ...bad }), /scale must be/);
    }
    await assert.rejects(generateTpch({ out, scale: 1, parts: 0 }), /parts must be/);
    await assert.rejects(generateTpch({ out, scale: 1, threads: 1.5 }), /threads must be/);
    assert.ok(!existsSync(out));
  });
});

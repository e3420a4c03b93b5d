/** The library as its users have it: import from lib/index.ts, ask, read, close. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { Table } from "apache-arrow";
import { QueryError, SessionContext } from "../../lib/index.ts";
import { writeAnswer } from "../../lib/output/format.ts";

let folder: string;
let ctx: SessionContext;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), "volley-test-"));
  mkdirSync(join(folder, "temp"));
  writeFileSync(join(folder, "example.csv"), "a,b,c\n1,2,x\n1,1,y\n3,2,z\n2,5,\n");
  ctx = await SessionContext.standalone({ threads: 2, memory: "1GB", temporaryDirectory: join(folder, "temp") });
  await ctx.registerCsv("example", join(folder, "example.csv"));
  mkdirSync(join(folder, "parts"));
  for (const part of [0, 1, 2]) {
    const handle = await ctx.sql(`select a + ${part * 10} as a, b from example`);
    await writeAnswer(handle, { format: "parquet", output: join(folder, "parts", `${part}.parquet`) });
  }
});
after(async () => {
  await ctx.close();
  assert.deepEqual(readdirSync(join(folder, "temp")), []);
  rmSync(folder, { recursive: true, force: true });
});

const code = (expected: string) => (error: unknown) => {
  assert.ok(error instanceof QueryError, String(error));
  assert.equal(error.code, expected);
  return true;
};

describe("tables", () => {
  it("from CSV", async () => {
    const handle = await ctx.sql("SELECT a, MIN(b) FROM example WHERE a <= b GROUP BY a ORDER BY a LIMIT 100");
    assert.deepEqual(await handle.toRows(), [
      [1n, 1n],
      [2n, 5n],
    ]);
  });
  it("from a Parquet file, a folder, a pattern, a list", async () => {
    const parts = join(folder, "parts");
    for (const [path, rows] of [
      [join(parts, "1.parquet"), 4n],
      [parts, 12n],
      [`${parts}/[01].parquet`, 8n],
      [[join(parts, "0.parquet"), join(parts, "2.parquet")], 8n],
    ] as const) {
      await ctx.registerParquet("parts", path);
      assert.deepEqual(await (await ctx.sql("select count(*) from parts")).toRows(), [[rows]]);
    }
  });
  it("that are not there fail at once, with a hint", async () => {
    await assert.rejects(ctx.registerParquet("x", join(folder, "part")), (error) => {
      code("not_found")(error);
      assert.match((error as QueryError).hint!, /parts/);
      return true;
    });
    await assert.rejects(ctx.sql("select * from exampel"), code("unknown_table"));
  });
  it("by statement", async () => {
    await ctx.sql(`create external table stated stored as csv location '${join(folder, "example.csv")}'`);
    await assert.rejects(
      ctx.sql(`create external table stated stored as csv location '${join(folder, "example.csv")}'`),
      code("duplicate"),
    );
    await ctx.sql("create view big as select * from stated where b > 1");
    assert.deepEqual(await (await ctx.sql("select count(*) from big")).toRows(), [[3n]]);
    await ctx.sql("drop view big");
    await ctx.sql("drop table stated");
    await assert.rejects(ctx.sql("select * from big"), code("unknown_table"));
  });
});

describe("answers", () => {
  const everything = `select 1 as i, 9007199254740993 as big, 1.50 as d, 2.5e0 as f, true as yes, 'é' as s,
    date '2024-02-29' as day, timestamp '2024-02-29 01:02:03.5' as at, null as nothing`;

  it("toArray gives objects of JavaScript values", async () => {
    const handle = await ctx.sql(everything);
    assert.deepEqual(await handle.toArray(), [
      {
        i: 1,
        big: 9007199254740993n,
        d: "1.50",
        f: 2.5,
        yes: true,
        s: "é",
        day: "2024-02-29",
        at: "2024-02-29T01:02:03.5",
        nothing: null,
      },
    ]);
  });
  it("toRows keeps columns of one name", async () => {
    assert.deepEqual(await (await ctx.sql("select 1 as a, 2 as a")).toRows(), [[1, 2]]);
    assert.deepEqual(await (await ctx.sql("select 1 as a, 2 as a")).toArray(), [{ a: 2 }]);
  });
  it("toArrow gives an apache-arrow Table", async () => {
    const table = await (await ctx.sql("select a, c from example order by a, b")).toArrow();
    assert.ok(table instanceof Table);
    assert.deepEqual([...table.getChild("a")!], [1n, 1n, 2n, 3n]);
    assert.deepEqual([...table.getChild("c")!], ["y", "x", null, "z"]);
  });
  it("iterating gives record batches", async () => {
    let rows = 0;
    for await (const batch of await ctx.sql("select * from example")) rows += batch.numRows;
    assert.equal(rows, 4);
  });
  it("columns have names and types before anything runs", async () => {
    const { columns } = await ctx.sql("select a, 1.5 as d from example where 1 / 0 = 1");
    assert.deepEqual(
      columns.map(({ name, typeName }) => [name, typeName]),
      [
        ["a", "BIGINT"],
        ["d", "DECIMAL(2,1)"],
      ],
    );
  });
  it("show prints a table", async (test) => {
    const write = test.mock.method(process.stdout, "write", () => true);
    await (await ctx.sql("select 42 as answer")).show();
    const printed = write.mock.calls.map((call) => String(call.arguments[0])).join("");
    write.mock.restore();
    assert.match(printed, /│ answer │\n[\s\S]*│ {5}42 │\n[\s\S]*1 row\n/);
  });
  it("explain gives the plan without running it", async () => {
    assert.match(await (await ctx.sql("select a from example where 1 / a = 1")).explain(), /Scan example/);
  });
  it("a query runs once, however often it is read", async () => {
    const handle = await ctx.sql("select * from example");
    const [first, second] = await Promise.all([handle.toRows(), handle.toRows()]);
    assert.deepEqual(first, second);
    assert.equal((await handle.account()).rows, 4);
  });
});

describe("parameters", () => {
  it("in order", async () => {
    const parameters = [1, "x", new Date(Date.UTC(2024, 0, 2)), null, 2n ** 62n, 0.5];
    const handle = await ctx.sql("select $1, $2, $3, $4, $5, $6", { parameters });
    assert.deepEqual(await handle.toRows(), [[1, "x", "2024-01-02T00:00:00", null, 2n ** 62n, 0.5]]);
  });
  it("by name", async () => {
    const handle = await ctx.sql("select c from example where b = $b and a = $a", { parameters: { a: 3, b: 2 } });
    assert.deepEqual(await handle.toRows(), [["z"]]);
  });
  it("missing", async () => {
    await assert.rejects(ctx.sql("select $2", { parameters: [1] }), code("invalid_argument"));
  });
});

describe("several at once", () => {
  it("queries of one session", async () => {
    const sums = Array.from({ length: 12 }, async (_, i) => {
      const handle = await ctx.sql(`select sum(a * ${i}) from example`);
      return (await handle.toRows())[0]![0];
    });
    assert.deepEqual(
      await Promise.all(sums),
      Array.from({ length: 12 }, (_, i) => BigInt(7 * i)),
    );
  });
  it("sessions", async () => {
    const ask = async (i: number) => {
      await using session = await SessionContext.standalone({
        threads: 1,
        temporaryDirectory: join(folder, "temp"),
        testing: { inline: false },
      });
      return (await (await session.sql(`select ${i} * 2`)).toRows())[0]![0];
    };
    assert.deepEqual(await Promise.all([ask(1), ask(2), ask(3)]), [2, 4, 6]);
  });
});

describe("failures", () => {
  it("are QueryErrors with a place", async () => {
    await assert.rejects(ctx.sql("select\n nosuch from example"), (error) => {
      code("unknown_column")(error);
      assert.deepEqual([(error as QueryError).span?.line, (error as QueryError).span?.column], [2, 2]);
      return true;
    });
    await assert.rejects(ctx.sql("selec 1"), code("syntax"));
    await assert.rejects(ctx.sql(""), code("syntax"));
    await assert.rejects(ctx.sql("select 1; select 2"), code("unsupported"));
  });
  it("at run time reach whoever reads, and leave the session usable", async () => {
    const handle = await ctx.sql("select 1 / (a - a) from example");
    await assert.rejects(handle.toRows(), code("invalid_argument"));
    await assert.rejects(handle.toArrow(), code("invalid_argument"));
    assert.deepEqual(await (await ctx.sql("select 1")).toRows(), [[1]]);
  });
  it("of options say what is wrong", async () => {
    await assert.rejects(SessionContext.standalone({ threads: 0 }), code("invalid_argument"));
    await assert.rejects(SessionContext.standalone({ memory: "much" }), code("invalid_argument"));
  });
});

describe("cancelling", () => {
  const long = `select count(*) from example a, example b, example c, example d, example e, example f, example g, example h,
    example i, example j, example k, example l, example m where (a.a + b.a + c.a + d.a + e.a + f.a + g.a) % 7 = 8`;

  it("before it runs", async () => {
    const handle = await ctx.sql("select 1");
    handle.cancel();
    await assert.rejects(handle.toRows(), code("cancelled"));
  });
  it("while it runs", async () => {
    const handle = await ctx.sql(long);
    const rows = handle.toRows();
    setTimeout(() => handle.cancel(), 50);
    await assert.rejects(rows, code("cancelled"));
  });
  it("after it has run does nothing", async () => {
    const handle = await ctx.sql("select 1");
    await handle.toRows();
    handle.cancel();
    assert.deepEqual(await handle.toRows(), [[1]]);
  });
  it("by a signal", async () => {
    const handle = await ctx.sql(long, { signal: AbortSignal.timeout(50) });
    await assert.rejects(handle.toRows(), code("cancelled"));
    await assert.rejects((await ctx.sql("select 1", { signal: AbortSignal.abort() })).toRows(), code("cancelled"));
  });
});

describe("closing", () => {
  it("ends what runs, and what comes later", async () => {
    const session = await SessionContext.standalone({ threads: 1, testing: { inline: false } });
    await session.registerParquet("parts", join(folder, "parts"));
    const handle = await session.sql(
      "select count(*) from parts a, parts b, parts c, parts d, parts e, parts f, parts g",
    );
    const rows = handle.toRows();
    setTimeout(() => void session.close(), 50);
    await assert.rejects(rows, code("cancelled"));
    await assert.rejects(session.sql("select 1"), code("cancelled"));
    await session.close();
  });
  it("may be forgotten: the process ends, and nothing is left", () => {
    const script = `import { SessionContext } from ${JSON.stringify(join(import.meta.dirname, "../../lib/index.ts"))};
      const ctx = await SessionContext.standalone({ threads: 2, testing: { inline: false } });
      console.log(String(await (await ctx.sql("select 1 + 1")).toRows()));`;
    const temp = mkdtempSync(join(tmpdir(), "volley-test-"));
    const done = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
      encoding: "utf8",
      env: { ...process.env, TMPDIR: temp },
      timeout: 30_000,
    });
    assert.deepEqual([done.status, done.stdout, done.stderr], [0, "2\n", ""]);
    assert.deepEqual(readdirSync(temp), []);
    rmSync(temp, { recursive: true });
  });
});

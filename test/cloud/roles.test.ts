/** Tables of Glue; that roles may do what the functions do, and nothing else; what functions log. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import * as glueSdk from "@aws-sdk/client-glue";
import { accountNames } from "../../lib/dev/emulated-cloud.ts";
import type { GlueTable } from "../../lib/dev/glue-server.ts";
import { rolePermissions } from "../../lib/dev/permissions.ts";
import { manyTasks, TpchCloud, tpchQuery, until } from "./support/tpch-cloud.ts";

const parquet = {
  InputFormat: "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
  SerdeInfo: { SerializationLibrary: "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe" },
};
const csv = {
  SerdeInfo: {
    SerializationLibrary: "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe",
    Parameters: { "field.delim": ";" },
  },
};
const day = (value: string) => ({ Values: [value], StorageDescriptor: { Location: `s3://lake/daily/day=${value}/` } });
const lake: readonly GlueTable[] = [
  { Name: "cities", StorageDescriptor: { ...parquet, Location: "s3://lake/cities/" } },
  {
    Name: "prices",
    StorageDescriptor: {
      ...csv,
      Location: "s3://lake/prices",
      Columns: [
        { Name: "name", Type: "string" },
        { Name: "price", Type: "decimal(6,2)" },
      ],
    },
  },
  {
    Name: "daily",
    PartitionKeys: [{ Name: "day", Type: "date" }],
    StorageDescriptor: { ...parquet, Location: "s3://lake/daily/" },
    partitions: [day("2026-11-21"), day("2026-11-22")],
  },
  {
    Name: "odd",
    PartitionKeys: [{ Name: "x", Type: "array<int>" }],
    StorageDescriptor: { ...parquet, Location: "s3://lake/odd/" },
  },
  // More than one page.
  ...Array.from({ length: 250 }, (_, i) => ({
    Name: `t${i}`,
    StorageDescriptor: { ...parquet, Location: "s3://lake/cities/" },
  })),
];

let world: TpchCloud;
let directory: string;
/** What functions logged, by function. */
const lines: { readonly name: string; readonly line: string }[] = [];

before(async () => {
  directory = mkdtempSync(join(tmpdir(), "volley-lake-"));
  for (const folder of ["cities", "prices"]) mkdirSync(join(directory, folder));
  writeFileSync(join(directory, "prices/1.csv"), "Ulm;1.50\nBonn;2.25\n");
  world = await TpchCloud.start({
    executors: 2,
    data: { lake: directory },
    glue: { sales: lake, secret: [lake[0]!] },
    glueDatabases: ["sales"],
    onLine: (name, line) => void lines.push({ name, line }),
    variables: { ...manyTasks, VOLLEY_HEARTBEAT_S: "0.5" },
  });
  await world.duckdb.run(`copy (select * from (values ('Ulm', 126), ('Bonn', 336)) t(name, people))
    to '${join(directory, "cities/1.parquet")}' (format parquet)`);
  for (const [i, date] of ["2026-11-21", "2026-11-22"].entries()) {
    mkdirSync(join(directory, "daily", `day=${date}`), { recursive: true });
    await world.duckdb.run(
      `copy (select ${i} as n) to '${join(directory, `daily/day=${date}/0.parquet`)}' (format parquet)`,
    );
  }
  world.cloud.s3.buckets.showFolder("lake", "", directory);
});
after(async () => {
  await world?.close();
  rmSync(directory, { recursive: true, force: true });
});

const glueClient = (role: "admin" | "api" | "scheduler" | "executor-small") =>
  new glueSdk.GlueClient({ ...world.cloud.clientOptions("glue", role), maxAttempts: 1 });

describe("tables of the Glue Data Catalog", () => {
  it("are queried by the names of their databases, Parquet and CSV, beside those of the deployment", async () => {
    const sql = `select c.name, people, price, (select count(*) from region)
      from sales.cities c join sales.prices p on c.name = p.name order by 1`;
    assert.deepEqual(await world.client.rows(sql), [
      ["Bonn", "336", "2.25", "5"],
      ["Ulm", "126", "1.50", "5"],
    ]);
    assert.deepEqual(await world.client.rows("select max(people) from sales.t249"), [["336"]], "of the last page");
  });

  it("may be partitioned", async () => {
    const sql = "select n, day from sales.daily where day > date '2026-11-21'";
    assert.deepEqual(await world.client.rows(sql), [["1", "2026-11-22"]]);
    const plan = (await world.client.rows(`explain analyze ${sql}`)).flat().join("\n");
    assert.match(plan, /files pruned 1/);
  });

  it("are listed by the API", async () => {
    const { tables } = (await (await world.client.fetch("/v1/tables")).json()) as {
      tables: { schema: string; name: string; columns: object[] }[];
    };
    const prices = tables.find(({ schema, name }) => schema === "sales" && name === "prices");
    assert.deepEqual(prices?.columns, [
      { name: "name", type: "VARCHAR", nullable: true },
      { name: "price", type: "DECIMAL(6,2)", nullable: true },
    ]);
    assert.equal(
      tables.some(({ schema }) => schema === "secret"),
      false,
    );
  });

  it("that are not there, or cannot be read, say so", async () => {
    const { client, cloud } = world;
    await assert.rejects(client.query("select * from sales.citys"), { code: "unknown_table", hint: /sales\.cities/ });
    await assert.rejects(client.query("select * from secret.cities"), { code: "unknown_table" });
    await assert.rejects(client.query("select * from sales.odd"), {
      code: "unsupported",
      message: /sales\.odd: partition columns of the type array<int>/,
    });
    const tables = cloud.glue.databases.get("sales")!;
    cloud.glue.databases.delete("sales");
    await assert.rejects(client.query("select * from sales.cities"), {
      code: "not_found",
      message: /the Glue database sales cannot be read: Database sales not found/,
    });
    cloud.glue.databases.set("sales", tables);
  });
});

describe("the emulated Glue", () => {
  it("gives databases, tables and partitions in pages to the real client", async () => {
    const client = glueClient("admin");
    const databases = await client.send(new glueSdk.GetDatabasesCommand({}));
    assert.deepEqual(databases.DatabaseList!.map(({ Name }) => Name).sort(), ["sales", "secret"]);
    const names: string[] = [];
    for await (const { TableList = [] } of glueSdk.paginateGetTables(
      { client, pageSize: 60 },
      { DatabaseName: "sales" },
    )) {
      assert.ok(TableList.length <= 60);
      names.push(...TableList.map(({ Name }) => Name!));
    }
    assert.deepEqual(
      names,
      lake.map(({ Name }) => Name),
    );
    const { Table } = await client.send(new glueSdk.GetTableCommand({ DatabaseName: "sales", Name: "prices" }));
    assert.deepEqual([Table!.DatabaseName, Table!.StorageDescriptor!.Columns!.length], ["sales", 2]);
    const days = new glueSdk.GetPartitionsCommand({ DatabaseName: "sales", TableName: "daily", MaxResults: 1 });
    const { Partitions, NextToken } = await client.send(days);
    assert.deepEqual([Partitions!.map(({ Values }) => Values), NextToken], [[["2026-11-21"]], "1"]);
    const none = new glueSdk.GetTableCommand({ DatabaseName: "sales", Name: "none" });
    await assert.rejects(client.send(none), { name: "EntityNotFoundException" });
    client.destroy();
  });

  it("lets functions list the databases that were given, and no others", async () => {
    for (const [role, database, allowed] of [
      ["scheduler", "sales", true],
      ["api", "sales", true],
      ["scheduler", "secret", false],
      ["executor-small", "sales", false],
    ] as const) {
      const client = glueClient(role);
      const listed = client.send(new glueSdk.GetTablesCommand({ DatabaseName: database }));
      if (allowed) assert.ok((await listed).TableList!.length > 0);
      else await assert.rejects(listed, { name: "AccessDeniedException" }, `${role} ${database}`);
      client.destroy();
    }
  });
});

describe("roles", () => {
  /** What is allowed, and happens only where this test cannot go. */
  const exceptions: Readonly<Record<string, string>> = {
    "executor lambda:InvokeFunction": "stages of more than 256 tasks: test/cloud/bill.long.ts",
    "executor s3:ListBucket": "lets S3 say that an object is missing: test/cloud/faults.long.ts, where data is lost",
    "api s3:ListBucket": "the same, for answers that have expired",
    "api s3:PutObject": "spooled segments for Trino clients: test/cloud/trino.test.ts",
    "api s3:DeleteObject": "the same, when they are acknowledged",
    "executor s3:AbortMultipartUpload": "uploads that fail midway: test/aws/s3-store.test.ts",
    "scheduler s3:AbortMultipartUpload": "the same",
    "api s3:AbortMultipartUpload": "the same",
  };

  it("may do what functions do, and nothing that none ever does", async () => {
    const { cloud, client } = world;
    for (const number of [3, 18]) await client.query(tpchQuery(number));
    await client.query("create external table made stored as parquet location 's3://lake/cities/'");
    await client.query("create view seen as select * from made");
    await client.query("drop view seen");
    await client.query("drop table made");
    await client.fetch("/v1/queries?limit=5");
    await client.fetch("/v1/tables");
    await client.rows("select count(*) from sales.cities");
    const { id } = await client.submit(tpchQuery(9));
    await until(() => cloud.executors.some((each) => each.running > 0));
    cloud.faults.eventTwice = 0.7;
    await client.cancel(id);
    for (let i = 0; i < 10 && !cloud.usedActions.get("executor-small")?.has("dynamodb:UpdateItem"); i++) {
      const { id: again } = await client.submit(tpchQuery(3));
      await client.ended(again);
    }
    cloud.faults.eventTwice = 0;
    const used = new Set(
      [...cloud.usedActions].flatMap(([role, actions]) => [...actions].map((action) => `${kind(role)} ${action}`)),
    );
    const allowed = new Set(
      Object.entries(rolePermissions(accountNames, ["lake"], ["sales"])).flatMap(([role, statements]) =>
        statements.flatMap(({ actions }) => actions.map((action) => `${kind(role)} ${action}`)),
      ),
    );
    const unused = [...allowed].filter((each) => !each.startsWith("admin") && !used.has(each));
    assert.deepEqual(
      unused.filter((each) => exceptions[each] === undefined),
      [],
    );
    // What was refused would have failed a query; what is no exception any more leaves the list.
    for (const each of Object.keys(exceptions)) assert.ok(allowed.has(each), `${each} is not allowed`);
  });
});

describe("what functions log", () => {
  const of = (name: RegExp) =>
    lines.filter((each) => name.test(each.name)).map(({ line }) => JSON.parse(line) as Record<string, unknown>);

  it("is JSON that names query, stage, task and outcome, and quotes no query", async () => {
    const secret = "a text for nobody else";
    const { id } = await world.client.query(`select count(*) from lineitem where l_comment <> '${secret}'`);
    await until(() => of(/scheduler/).some(({ queryId, message }) => queryId === id && message === "query"));
    const [query] = of(/scheduler/).filter(({ queryId }) => queryId === id);
    assert.deepEqual([query!.outcome, query!.service, query!.level], ["ended", "volley-scheduler", "INFO"]);
    const tasks = of(/executor/).filter(({ queryId, message }) => queryId === id && message === "task");
    assert.ok(tasks.length >= 2);
    for (const task of tasks) {
      assert.deepEqual(
        [typeof task.stage, typeof task.task, task.outcome, typeof task.elapsedMs],
        [...["number", "number", "won", "number"]],
      );
    }
    assert.ok(!lines.some(({ line }) => line.includes(secret)), "the query's text is in a log");
  });

  it("has metrics in the embedded format, of the names in docs/operations.md", () => {
    interface Emf {
      readonly _aws: { readonly CloudWatchMetrics: readonly EmfMetrics[] };
      readonly [name: string]: unknown;
    }
    interface EmfMetrics {
      readonly Namespace: string;
      readonly Dimensions: readonly (readonly string[])[];
      readonly Metrics: readonly { readonly Name: string; readonly Unit: string }[];
    }
    const found = new Map<string, string>();
    for (const entry of of(/./).filter((each) => "_aws" in each) as unknown as Emf[]) {
      for (const { Namespace, Dimensions, Metrics } of entry._aws.CloudWatchMetrics) {
        assert.equal(Namespace, "Volley");
        assert.deepEqual(Dimensions, [["service"]]);
        for (const { Name, Unit } of Metrics) {
          found.set(Name, Unit);
          for (const value of [entry[Name]].flat()) assert.equal(typeof value, "number", `${Name}: ${value}`);
        }
      }
    }
    const document = readFileSync(join(import.meta.dirname, "../../docs/operations.md"), "utf8");
    for (const name of ["Tasks_won", "TaskDuration", "TaskMemoryPeak", "Queries_ended", "QueryDuration"]) {
      assert.ok(found.has(name), `${name} was never written`);
    }
    for (const [name, unit] of found) assert.ok(document.includes(`\`${name}\` | ${unit} |`), `${name} ${unit}`);
  });
});

function kind(role: string): string {
  return role.replace(/-(small|large)$/, "");
}

/** `npm run dev`: the whole cloud on the loopback interface. Ctrl-C ends it and leaves nothing behind. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { dataBucket, findTables, makeTpchTables, registerTables, tpchBucket } from "../lib/dev/dev-tables.ts";
import { EmulatedCloud } from "../lib/dev/emulated-cloud.ts";
import type { Faults } from "../lib/dev/faults.ts";
import "../lib/kernels/build.ts";

const help = `npm run dev -- [options]

  --port N             of the HTTP API (8080; 0: a free one)
  --sf N               scale of the TPC-H tables (0.01; 0: none)
  --data DIR           register the Parquet and CSV files and folders in it
  --executors N        tasks that run at once (4)
  --auth none|iam|jwt  how callers are checked (none)
  --freeze             stop processes between events, as AWS does
  --logs               show what the functions log
  --s3-slow-down RATE  chance of a 503 from S3            (also --dynamo-throttle, --invoke-throttle, --executor-kill)
  --latency MS         of every answer

While it runs, type: counts · kill executor · kill scheduler · s3SlowDown 0.1 (or another fault)`;

const { values } = parseArgs({
  options: {
    port: { type: "string", default: "8080" },
    sf: { type: "string", default: "0.01" },
    data: { type: "string" },
    executors: { type: "string", default: "4" },
    auth: { type: "string", default: "none" },
    freeze: { type: "boolean", default: false },
    logs: { type: "boolean", default: false },
    "s3-slow-down": { type: "string", default: "0" },
    "dynamo-throttle": { type: "string", default: "0" },
    "invoke-throttle": { type: "string", default: "0" },
    "executor-kill": { type: "string", default: "0" },
    latency: { type: "string", default: "0" },
    help: { type: "boolean", short: "h", default: false },
  },
});

const say = (text: string) => process.stdout.write(`${text}\n`);

if (values.help) {
  say(help);
  process.exit(0);
}
if (!["none", "iam", "jwt"].includes(values.auth))
  throw new RangeError(`--auth is none, iam or jwt, not ${values.auth}`);

const tables = mkdtempSync(join(tmpdir(), "volley-dev-"));
let cloud: EmulatedCloud | undefined;
process.on("exit", () => {
  cloud?.abandon();
  rmSync(tables, { recursive: true, force: true });
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, async () => {
    await cloud?.close();
    process.exit(0);
  });
}

const scale = Number(values.sf);
const tpch = scale > 0 ? await makeTpchTables(tables, scale) : [];
const given = values.data === undefined ? [] : findTables(resolve(values.data));
cloud = await EmulatedCloud.start({
  port: Number(values.port),
  executors: Number(values.executors),
  auth: values.auth as "none" | "iam" | "jwt",
  freeze: values.freeze,
  data: {
    ...(tpch.length > 0 && { [tpchBucket]: tables }),
    ...(values.data !== undefined && { [dataBucket]: resolve(values.data) }),
  },
  ...(values.logs && { onLine: (name: string, line: string) => say(`${name} ${line}`) }),
});
const found = [...tpch, ...given];
await registerTables(cloud, found);
Object.assign(cloud.faults, {
  s3SlowDown: Number(values["s3-slow-down"]),
  dynamoThrottle: Number(values["dynamo-throttle"]),
  invokeThrottle: Number(values["invoke-throttle"]),
  executorKill: Number(values["executor-kill"]),
  latencyMs: Number(values.latency),
} satisfies Partial<Faults>);

const authorization = values.auth === "jwt" ? ` -H 'authorization: Bearer ${cloud.jwt.token("dev")}'` : "";
const sql = tpch.length > 0 ? "select l_returnflag, count(*) from lineitem group by 1 order by 1" : "select 42";
say(`Volley is at ${cloud.url}`);
say(`tables: ${found.map((table) => table.name).join(", ") || "none"}`);
say(`s3 ${cloud.endpoints.s3} · dynamodb ${cloud.endpoints.dynamo} · lambda ${cloud.endpoints.lambda}`);
say(`\n  curl -s ${cloud.url}/v1/queries${authorization} -H 'content-type: application/json' \\`);
say(`    -d '{"sql": "${sql}", "wait": 20}'\n`);
say("Ctrl-C ends it.");

for await (const line of createInterface({ input: process.stdin })) command(cloud, line.trim());

function command(running: EmulatedCloud, line: string): void {
  const [word = "", rest = ""] = line.split(/\s+/, 2);
  if (word === "counts") say(JSON.stringify(running.counts(), undefined, 2));
  else if (line === "kill executor")
    say(`${running.executors.reduce((sum, each) => sum + each.killRunning(1), 0)} killed`);
  else if (line === "kill scheduler") say(`${running.scheduler.killRunning(1)} killed`);
  else if (word in running.faults) running.faults[word as keyof Faults] = Number(rest);
  else if (word !== "") say(help);
}

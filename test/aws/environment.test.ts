/** What functions are configured with: mistakes are told when they start, by name. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { environmentVariables, readEnvironment } from "../../lib/aws/environment.ts";

const root = join(import.meta.dirname, "../..");
const least = { VOLLEY_TABLE: "t", VOLLEY_BUCKET: "b", AWS_LAMBDA_FUNCTION_NAME: "me" };
const read = (more: Record<string, string> = {}) => readEnvironment({ ...least, ...more });

describe("the environment of functions", () => {
  it("needs table and bucket, and has defaults for all else", () => {
    assert.deepEqual(read(), {
      table: "t",
      bucket: "b",
      schedulerFunction: "me",
      executors: [{ memoryMb: 1769, name: "me" }],
      executorTimeoutMs: 900_000,
      heartbeatMs: 5000,
      leaseMs: 10_000,
      slots: 200,
      inlineBytesMax: 4 << 20,
      glueDatabases: [],
      memoryMb: 1769,
    });
    for (const name of ["VOLLEY_TABLE", "VOLLEY_BUCKET"]) {
      assert.throws(() => read({ [name]: " " }), { message: `the environment variable ${name} is not set` });
    }
  });

  it("gives everything else", () => {
    const all = {
      VOLLEY_SCHEDULER_FUNCTION: "s",
      VOLLEY_EXECUTOR_FUNCTIONS: "3538=large, 1769=small",
      VOLLEY_EXECUTOR_TIMEOUT_S: "60",
      VOLLEY_HEARTBEAT_S: "0.5",
      VOLLEY_LEASE_S: "4",
      VOLLEY_SLOTS: "7",
      VOLLEY_DATA_BUCKETS: "x, y",
      VOLLEY_GLUE_DATABASES: "d",
      VOLLEY_INLINE_BYTES: "0",
      VOLLEY_SIZING: '{"taskBytesMin": 0, "taskBytesMax": 1000}',
      VOLLEY_MAX_BYTES: "1e12",
      VOLLEY_MAX_COST: "0.5",
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: "512",
    };
    assert.deepEqual(read(all), {
      table: "t",
      bucket: "b",
      schedulerFunction: "s",
      executors: [
        { memoryMb: 1769, name: "small" },
        { memoryMb: 3538, name: "large" },
      ],
      executorTimeoutMs: 60_000,
      heartbeatMs: 500,
      leaseMs: 4000,
      slots: 7,
      dataBuckets: ["x", "y"],
      glueDatabases: ["d"],
      inlineBytesMax: 0,
      sizing: { taskBytesMin: 0, taskBytesMax: 1000 },
      maxBytes: 1e12,
      maxCost: 0.5,
      memoryMb: 512,
    });
    assert.deepEqual(read(Object.fromEntries(Object.keys(all).map((name) => [name, ""]))), read(), "empty is absent");
  });

  it("names what is wrong", () => {
    for (const [name, value, message] of [
      ["VOLLEY_SLOTS", "0", /VOLLEY_SLOTS is a whole number from 1 on; it is "0"/],
      ["VOLLEY_SLOTS", "1.5", /whole number/],
      ["VOLLEY_INLINE_BYTES", "-1", /whole number from 0 on/],
      ["VOLLEY_HEARTBEAT_S", "0", /a number above 0; it is "0"/],
      ["VOLLEY_LEASE_S", "soon", /a number above 0/],
      ["VOLLEY_EXECUTOR_TIMEOUT_S", "Infinity", /a number above 0/],
      ["VOLLEY_MAX_COST", "$5", /VOLLEY_MAX_COST is a number above 0; it is "\$5"/],
      ["VOLLEY_MAX_BYTES", "0", /a number above 0/],
      ["VOLLEY_DATA_BUCKETS", "a,,b", /none of it empty/],
      ["VOLLEY_EXECUTOR_FUNCTIONS", "small", /a list such as 1769=name/],
      ["VOLLEY_EXECUTOR_FUNCTIONS", "1769=a,1769=b", /one function of each memory/],
      ["VOLLEY_SIZING", "{", /it is no JSON/],
      ["VOLLEY_SIZING", "[1]", /an object of numbers/],
      ["VOLLEY_SIZING", '{"taskBytes": 1}', /sizing has no taskBytes; there are taskBytesMin/],
      ["VOLLEY_SIZING", '{"taskBytesMax": "1"}', /taskBytesMax is a whole number, not "1"/],
      ["VOLLEY_SIZING", '{"taskBytesMin": 10, "taskBytesMax": 5}', /taskBytesMin is above its taskBytesMax/],
    ] as const) {
      assert.throws(() => read({ [name]: value }), { code: "invalid_argument", message }, `${name}=${value}`);
    }
    const both = { VOLLEY_EXECUTOR_FUNCTION: "a", VOLLEY_EXECUTOR_FUNCTIONS: "1769=b" };
    assert.throws(() => read(both), /the other way round/);
  });

  it("is all that functions read, and docs/operations.md has it with its defaults", () => {
    const folders = ["lib/aws", "lib/api", "functions", "lib/stack/functions.ts"];
    const files = folders.flatMap((folder) =>
      folder.endsWith(".ts")
        ? [folder]
        : readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map((name) => join(folder, name)),
    );
    const texts = files.filter((file) => file.endsWith(".ts")).map((file) => readFileSync(join(root, file), "utf8"));
    const named = new Set(texts.flatMap((text) => text.match(/VOLLEY_[A-Z_]*[A-Z]/g) ?? []));
    assert.deepEqual([...named].sort(), Object.keys(environmentVariables).sort());
    const document = readFileSync(join(root, "docs/operations.md"), "utf8");
    const rows = [...document.matchAll(/^\| `(VOLLEY_\w+)` \| ([^|]+) \|/gm)].map(([, name, value]) => [name, value]);
    assert.deepEqual(
      rows,
      Object.entries(environmentVariables).map(([name, value]) => [name, String(value)]),
    );
  });
});

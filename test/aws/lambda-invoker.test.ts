/** How tasks get to executors: together, as a tree when very many, within the limits of an event. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { LambdaInvoker } from "../../lib/aws/lambda-invoker.ts";
import { decodeEvent, type ExecutorEvent, eventBytesMax } from "../../lib/service/executor-event.ts";
import { type Task, taskVersion } from "../../lib/stages/graph.ts";
import { MemoryStore } from "../../lib/storage/memory-store.ts";

interface Call {
  readonly name: string;
  readonly bytes: number;
  readonly event: ExecutorEvent;
}

function fakeLambda(refuse: (call: number) => string | undefined = () => undefined) {
  const calls: Call[] = [];
  let atOnce = 0;
  const most = { atOnce: 0 };
  const send = async ({ input }: InvokeCommand) => {
    const text = new TextDecoder().decode(input.Payload as Uint8Array);
    assert.equal(input.InvocationType, "Event");
    most.atOnce = Math.max(most.atOnce, ++atOnce);
    await new Promise((resolve) => setImmediate(resolve));
    atOnce--;
    calls.push({ name: input.FunctionName!, bytes: text.length, event: JSON.parse(text) as ExecutorEvent });
    const error = refuse(calls.length);
    if (error) throw Object.assign(new Error("no"), { name: error, $metadata: { httpStatusCode: 429 } });
    return { StatusCode: 202 };
  };
  return { client: { send } as unknown as LambdaClient, calls, most };
}

function taskOf(task: number, files = 1, tier?: number): Task {
  const splits = Array.from({ length: files }, (_, i) => ({
    path: `s3://b/${task}/${(task * 7919 + i * 104_729).toString(36)}-${Math.random()}.parquet`,
    etag: `${Math.random()}`,
    bytes: 1,
  }));
  return {
    version: taskVersion,
    queryId: "q",
    stage: 1,
    task,
    generation: 0,
    attempt: 1,
    attemptId: `1-${task}`,
    ...(tier !== undefined && { tier }),
    plan: { kind: "values", columns: [], rows: [] },
    scans: [{ table: "t", format: "parquet", schema: { fields: [] }, splits }],
    exchanges: {},
    output: { kind: "single" },
    outputKey: `q/q/s1.g0/t${task}/a1-${task}`,
    options: { batchRows: 1, memoryBytes: 1 },
  };
}

const executors = ["small", "large"];

describe("LambdaInvoker", () => {
  it("sends each task to an executor of its size", async () => {
    const { client, calls, most } = fakeLambda();
    const invoker = new LambdaInvoker(client, { executors, objects: new MemoryStore(), requestsAtOnce: 8 });
    const tasks = Array.from({ length: 50 }, (_, i) => taskOf(i, 1, i === 7 ? 1 : i === 8 ? 5 : undefined));
    await Promise.all(tasks.map((task) => invoker.invoke(task)));
    assert.equal(calls.length, 50);
    assert.equal(most.atOnce, 8);
    assert.deepEqual(
      calls
        .filter(({ name }) => name === "large")
        .map(({ event }) => event.task!.task)
        .sort(),
      [7, 8],
    );
    assert.deepEqual(
      calls.map(({ event }) => event.task!.attemptId).sort(),
      tasks.map((task) => task.attemptId).sort(),
    );
  });

  it("sends very many as groups, which come apart into the same tasks", async () => {
    const { client, calls } = fakeLambda();
    const objects = new MemoryStore();
    const invoker = new LambdaInvoker(client, { executors, objects });
    const tasks = Array.from({ length: 1000 }, (_, i) => taskOf(i, 3));
    await Promise.all(tasks.map((task) => invoker.invoke(task)));
    assert.equal(calls.length, Math.ceil(1000 / 32));
    const received = (await Promise.all(calls.map(({ event }) => decodeEvent(event, objects)))).flat();
    assert.deepEqual(
      received.sort((a, b) => a.task - b.task),
      tasks,
    );
    // The executor that got a group hands its tasks on one by one.
    calls.length = 0;
    await Promise.all(received.slice(0, 32).map((task) => invoker.invoke(task)));
    assert.equal(calls.length, 32);
  });

  it("keeps events small: deflated, split, and in the store at last", async () => {
    const { client, calls } = fakeLambda();
    const objects = new MemoryStore();
    const invoker = new LambdaInvoker(client, { executors, objects, directMax: 4, groupTasks: 8 });
    const tasks = [600, 600, 600, 600, 600, 600, 20_000, 1].map((files, i) => taskOf(i, files));
    await Promise.all(tasks.map((task) => invoker.invoke(task)));
    for (const { bytes } of calls) assert.ok(bytes <= eventBytesMax + 100, `${bytes}`);
    assert.equal(calls.filter(({ event }) => event.key).length, 1);
    assert.ok(calls.some(({ event }) => event.packed));
    const received = (await Promise.all(calls.map(({ event }) => decodeEvent(event, objects)))).flat();
    assert.deepEqual(
      received.sort((a, b) => a.task - b.task),
      tasks,
    );
  });

  it("says which tasks were throttled, and leaves the rest alone", async () => {
    const { client } = fakeLambda((call) => (call % 2 === 0 ? "TooManyRequestsException" : undefined));
    const invoker = new LambdaInvoker(client, { executors, objects: new MemoryStore() });
    const sent = await Promise.allSettled(Array.from({ length: 20 }, (_, i) => invoker.invoke(taskOf(i))));
    const refused = sent.flatMap((result) => (result.status === "rejected" ? [result.reason.code] : []));
    assert.deepEqual(refused, Array(10).fill("throttled"));
  });
});

/** The Lambda service, driven by the real client against functions that do as they are told. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { InvokeCommand, type InvokeCommandInput, LambdaClient } from "@aws-sdk/client-lambda";
import { type Faults, noFaults } from "../../lib/dev/faults.ts";
import { type Listening, listen } from "../../lib/dev/http.ts";
import { invokeApi } from "../../lib/dev/lambda/invoke-api.ts";
import { type FunctionOptions, LambdaFunction } from "../../lib/dev/lambda/lambda-function.ts";

const scratchDirectory = mkdtempSync(join(tmpdir(), "volley-lambda-"));
const faults: Faults = { ...noFaults };
const functions = new Map<string, LambdaFunction>();
let server: Listening;
let client: LambdaClient;

function add(name: string, options: Partial<FunctionOptions> = {}): LambdaFunction {
  const made = new LambdaFunction(
    {
      name,
      arn: `arn:aws:lambda:us-east-1:000000000000:function:${name}`,
      codeDirectory: join(import.meta.dirname, "toy"),
      memoryMb: 256,
      timeoutMs: 30_000,
      concurrency: 2,
      variables: {},
      scratchDirectory,
      retryDelaysMs: [1, 1],
      eventAgeMsMax: 60_000,
      idleMsMax: 60_000,
      freeze: false,
      ...options,
    },
    faults,
  );
  functions.set(name, made);
  return made;
}

async function call(name: string, event: object, options: Partial<InvokeCommandInput> = {}) {
  const answer = await client.send(
    new InvokeCommand({ FunctionName: name, Payload: JSON.stringify(event), ...options }),
  );
  const text = answer.Payload?.transformToString() ?? "";
  return { ...answer, json: text ? JSON.parse(text) : undefined };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

before(async () => {
  server = await listen(invokeApi({ functions, faults }));
  client = new LambdaClient({
    endpoint: server.url,
    region: "us-east-1",
    credentials: { accessKeyId: "a", secretAccessKey: "b" },
    maxAttempts: 1,
  });
});
after(async () => {
  client.destroy();
  await Promise.all([...functions.values()].map((each) => each.close()));
  await server.close();
  rmSync(scratchDirectory, { recursive: true });
});

const named = (name: string) => (error: Error) => error.name === name;

describe("the Lambda service", () => {
  it("answers, keeps a warm process, and says what a function may know", async () => {
    const toy = add("warm", { concurrency: 1 });
    const first = await call("warm", { a: "ü" }, { LogType: "Tail" });
    assert.deepEqual(first.json.echo, { a: "ü" });
    assert.equal(first.json.functionName, "warm");
    assert.equal(first.json.memoryLimitInMB, "256");
    assert.ok(first.json.left > 0 && first.json.left <= 30_000);
    assert.equal(first.FunctionError, undefined);
    assert.equal(first.ExecutedVersion, "$LATEST");
    const second = await call(
      "arn:aws:lambda:us-east-1:000000000000:function:warm",
      { print: "seen" },
      { LogType: "Tail" },
    );
    assert.equal(second.json.pid, first.json.pid);
    assert.equal(second.json.events, 2);
    assert.notEqual(second.json.awsRequestId, first.json.awsRequestId);
    assert.match(Buffer.from(second.LogResult ?? "", "base64").toString(), /seen/);
    assert.equal(toy.counts.coldStarts, 1);
    assert.equal(toy.counts.invocations, 2);
    assert.ok(toy.counts.gbSeconds > 0);
  });

  it("runs events beside each other up to its concurrency, and refuses more", async () => {
    const toy = add("narrow");
    const slow = [call("narrow", { sleepMs: 400 }), call("narrow", { sleepMs: 400 })];
    await until(() => toy.running === 2);
    await assert.rejects(call("narrow", {}), (error: Error & { Reason?: string }) => {
      assert.equal(error.name, "TooManyRequestsException");
      assert.equal(error.Reason, "ReservedFunctionConcurrentInvocationLimitExceeded");
      return true;
    });
    const pids = (await Promise.all(slow)).map((answer) => answer.json.pid);
    assert.equal(new Set(pids).size, 2);
    assert.equal(toy.counts.throttles, 1);
  });

  it("queues asynchronous events, and tries failed ones twice more", async () => {
    const toy = add("events", { concurrency: 1 });
    const sent = await Promise.all([1, 2, 3].map((n) => call("events", { n }, { InvocationType: "Event" })));
    assert.deepEqual(
      sent.map((answer) => answer.StatusCode),
      [202, 202, 202],
    );
    await until(() => toy.counts.invocations === 3 && toy.running === 0);
    await call("events", { fail: "no" }, { InvocationType: "Event" });
    await until(() => toy.counts.dropped === 1);
    assert.equal(toy.counts.invocations, 6);
    assert.equal(toy.counts.errors, 3);
  });

  it("reports what a handler throws, and starts anew when the process ends", async () => {
    const toy = add("broken", { concurrency: 1 });
    const thrown = await call("broken", { fail: "out of range" });
    assert.equal(thrown.FunctionError, "Unhandled");
    assert.equal(thrown.json.errorType, "RangeError");
    assert.equal(thrown.json.errorMessage, "out of range");
    const exited = await call("broken", { exit: 3 });
    assert.equal(exited.FunctionError, "Unhandled");
    assert.equal(exited.json.errorType, "Runtime.ExitError");
    assert.match(exited.json.errorMessage, /exit status 3/);
    const again = await call("broken", {});
    assert.notEqual(again.json.pid, thrown.json.pid);
    assert.equal(toy.counts.coldStarts, 2);
  });

  it("kills what runs past its time", async () => {
    add("slow", { timeoutMs: 100 });
    const late = await call("slow", { sleepMs: 10_000 });
    assert.equal(late.json.errorType, "Sandbox.Timedout");
    assert.match(late.json.errorMessage, /timed out after 0\.10 seconds/);
  });

  it("kills on demand", async () => {
    const toy = add("victim");
    const running = call("victim", { sleepMs: 10_000 });
    await until(() => toy.running === 1 && toy.processes.length === 1);
    assert.equal(toy.killRunning(), 1);
    assert.equal((await running).json.errorType, "Runtime.ExitError");
  });

  it("limits payloads", async () => {
    add("sizes");
    const over = (bytes: number) => ({ text: "x".repeat(bytes) });
    await assert.rejects(call("sizes", over(6_291_456)), named("RequestTooLargeException"));
    await assert.rejects(
      call("sizes", over(1_048_576), { InvocationType: "Event" }),
      named("RequestTooLargeException"),
    );
    assert.equal((await call("sizes", { bytes: 6_200_000 })).json.length, 6_200_000);
    const large = await call("sizes", { bytes: 6_300_000 });
    assert.equal(large.json.errorType, "Function.ResponseSizeTooLarge");
  });

  it("refuses what it does not have", async () => {
    await assert.rejects(call("nobody", {}), named("ResourceNotFoundException"));
    add("picky");
    const bad = call("picky", {}, { Payload: "{" as never });
    await assert.rejects(bad, named("InvalidRequestContentException"));
    faults.invokeThrottle = 1;
    await assert
      .rejects(call("picky", {}), named("TooManyRequestsException"))
      .finally(() => (faults.invokeThrottle = 0));
  });

  it("stops processes between events when asked to, and wakes them", {
    skip: process.platform === "win32",
  }, async () => {
    add("frozen", { freeze: true, concurrency: 1 });
    const first = await call("frozen", {});
    const second = await call("frozen", {});
    assert.equal(second.json.pid, first.json.pid);
    assert.equal(second.json.events, 2);
  });

  it("ends idle environments, and leaves nothing behind", async () => {
    const toy = add("idle", { idleMsMax: 100 });
    const { json } = await call("idle", {});
    assert.ok(existsSync(json.tmp));
    await until(() => toy.processes.length === 0);
    assert.ok(!existsSync(json.tmp));
    await Promise.all([...functions.values()].map((each) => each.close()));
    assert.deepEqual(readdirSync(scratchDirectory), []);
    assert.throws(() => process.kill(json.pid, 0));
  });
});

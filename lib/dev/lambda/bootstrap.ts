/**
 * What runs in each execution environment: the part that AWS's Node.js runtime plays. It loads the handler, then asks the
 * Runtime API for one event after the other. It imports nothing of Volley's.
 */
import type { IncomingHttpHeaders } from "node:http";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

// An import statement would load all that node:http can export, and that is far more than this.
const { Agent, request } = process.getBuiltinModule("node:http");

type Handler = (event: unknown, context: object) => unknown;

const runtimeApi = `http://${process.env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime`;
const agent = new Agent({ keepAlive: true });

async function main(): Promise<void> {
  const handler = await loadHandler().catch(async (error: unknown) => {
    await call("POST", "init/error", JSON.stringify(describe(error)));
    process.exit(1);
  });
  for (;;) await serveOne(handler);
}

async function loadHandler(): Promise<Handler> {
  const [file = "", name = ""] = process.env._HANDLER!.split(".");
  const path = join(process.env.LAMBDA_TASK_ROOT!, `${file}.mjs`);
  const handler = ((await import(pathToFileURL(path).href)) as Record<string, unknown>)[name];
  if (typeof handler !== "function") {
    throw Object.assign(new Error(`${file}.${name} is undefined or not exported`), { name: "Runtime.HandlerNotFound" });
  }
  return handler as Handler;
}

async function serveOne(handler: Handler): Promise<void> {
  const next = await call("GET", "invocation/next");
  const id = next.headers["lambda-runtime-aws-request-id"];
  try {
    const result = await handler(next.body === "" ? {} : JSON.parse(next.body), contextOf(next.headers));
    await call("POST", `invocation/${id}/response`, result === undefined ? "null" : JSON.stringify(result));
  } catch (error) {
    console.error(JSON.stringify(describe(error)));
    await call("POST", `invocation/${id}/error`, JSON.stringify(describe(error)));
  }
}

function contextOf(headers: IncomingHttpHeaders): object {
  const deadlineMs = Number(headers["lambda-runtime-deadline-ms"]);
  return {
    awsRequestId: headers["lambda-runtime-aws-request-id"],
    invokedFunctionArn: headers["lambda-runtime-invoked-function-arn"],
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => Math.max(0, deadlineMs - Date.now()),
  };
}

function describe(error: unknown) {
  if (!(error instanceof Error)) return { errorType: typeof error, errorMessage: String(error), trace: [] };
  return { errorType: error.name, errorMessage: error.message, trace: error.stack?.split("\n") ?? [] };
}

/** When nobody answers, the emulator is gone, and so should this process be. */
function call(method: string, path: string, body = ""): Promise<{ headers: IncomingHttpHeaders; body: string }> {
  return new Promise((resolve) => {
    const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
    const outgoing = request(`${runtimeApi}/${path}`, { method, agent, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", () => process.exit(0));
      response.on("end", () => resolve({ headers: response.headers, body: Buffer.concat(chunks).toString() }));
    });
    outgoing.on("error", () => process.exit(0));
    outgoing.end(body);
  });
}

await main();

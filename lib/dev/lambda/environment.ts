/** One execution environment: a process of its own, driven over the Lambda Runtime API, one event at a time. */
import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { transformSync } from "esbuild";
import { readBody } from "../http.ts";

export interface EnvironmentOptions {
  readonly functionName: string;
  readonly functionArn: string;
  /** The bundle's folder: index.mjs exports `handler`. */
  readonly codeDirectory: string;
  readonly memoryMb: number;
  readonly timeoutMs: number;
  readonly variables: Readonly<Record<string, string>>;
  /** The environment's own /tmp. */
  readonly scratchDirectory: string;
  /** Stop the process between events, as AWS does. */
  readonly freeze: boolean;
  readonly onLine: (line: string) => void;
  /** It asked for its next event, or it is gone. */
  readonly onChange: (environment: Environment) => void;
}

export interface Invocation {
  readonly requestId: string;
  readonly payload: Buffer;
}

export interface InvocationResult {
  readonly requestId: string;
  readonly payload: Buffer;
  readonly functionError?: "Unhandled";
  /** Present when this event started the environment. */
  readonly initMs?: number;
  readonly durationMs: number;
  /** What it logged; the last lines may come a moment after its answer. */
  readonly log: readonly string[];
}

interface Current {
  readonly invocation: Invocation;
  readonly startedMs: number;
  readonly timer: NodeJS.Timeout;
  readonly resolve: (result: InvocationResult) => void;
}

const responseBytesMax = 6_291_556;
/** AWS allows 10 s; this machine may be busy with everything else. */
const initMsMax = 60_000;

let bootstrapCode: string | undefined;

/** Stripped of its types here, once, so that no start pays for it. */
function bootstrap(): string {
  bootstrapCode ??= transformSync(readFileSync(join(import.meta.dirname, "bootstrap.ts"), "utf8"), {
    loader: "ts",
  }).code;
  return bootstrapCode;
}

export class Environment {
  readonly id = randomUUID();
  state: "starting" | "idle" | "busy" | "gone" = "starting";
  idleSinceMs = 0;
  readonly #options: EnvironmentOptions;
  readonly #server: Server;
  #child: ChildProcess | undefined;
  readonly #createdMs = performance.now();
  #initMs: number | undefined;
  #waiting: { readonly invocation: Invocation; readonly resolve: (result: InvocationResult) => void } | undefined;
  #current: Current | undefined;
  #next: ServerResponse | undefined;
  #initTimer: NodeJS.Timeout;
  #why = "";
  #log: string[] = [];

  constructor(options: EnvironmentOptions) {
    this.#options = options;
    this.#server = createServer((request, response) => void this.#route(request, response));
    this.#server.keepAliveTimeout = 0;
    this.#server.listen(0, "127.0.0.1", () => this.#spawn());
    this.#initTimer = setTimeout(() => this.kill("Init phase timed out"), initMsMax);
  }

  /** Whether it has an event, or is to have one as soon as it has started. */
  get occupied(): boolean {
    return this.#current !== undefined || this.#waiting !== undefined;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Hands it an event. Only for one that is not occupied. Never rejects. */
  invoke(invocation: Invocation): Promise<InvocationResult> {
    return new Promise((resolve) => {
      this.#waiting = { invocation, resolve };
      if (this.state === "idle") this.#begin();
    });
  }

  /** Ends the process at once; an event in it fails as when a process dies. */
  kill(why = ""): void {
    this.#why ||= why;
    if (this.#child) this.#child.kill("SIGKILL");
    else this.#gone("killed");
  }

  #spawn(): void {
    if (this.state === "gone") return;
    const { functionName, functionArn, codeDirectory, memoryMb, variables, scratchDirectory } = this.#options;
    const child = spawn(
      process.execPath,
      [
        `--max-old-space-size=${Math.floor(memoryMb * 0.9)}`,
        "--no-warnings",
        "--input-type=module",
        "--eval",
        bootstrap(),
      ],
      {
        cwd: codeDirectory,
        stdio: ["ignore", "pipe", "pipe"],
        env: {
          PATH: process.env.PATH,
          TZ: ":UTC",
          LANG: "en_US.UTF-8",
          TMPDIR: scratchDirectory,
          _HANDLER: "index.handler",
          AWS_EXECUTION_ENV: "AWS_Lambda_nodejs24.x",
          AWS_LAMBDA_FUNCTION_NAME: functionName,
          AWS_LAMBDA_FUNCTION_VERSION: "$LATEST",
          AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memoryMb),
          AWS_LAMBDA_INITIALIZATION_TYPE: "on-demand",
          AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${functionName}`,
          AWS_LAMBDA_LOG_STREAM_NAME: this.id,
          AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${(this.#server.address() as AddressInfo).port}`,
          LAMBDA_TASK_ROOT: codeDirectory,
          VOLLEY_FUNCTION_ARN: functionArn,
          ...variables,
        },
      },
    );
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) readLines(stream, (line) => this.#line(line));
    child.once("error", (error) => this.#gone(error.message));
    child.once("exit", (code, signal) => this.#gone(signal ? `signal: ${signal}` : `exit status ${code}`));
    // It may have been killed while its port opened.
    if (this.#why) child.kill("SIGKILL");
  }

  async #route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url?.replace("/2018-06-01/runtime", "") ?? "";
    if (request.method === "GET" && path === "/invocation/next") return this.#ready(response);
    const body = await readBody(request);
    if (path === "/init/error") this.#why = body.toString();
    else if (path.endsWith("/response")) this.#respond(body);
    else if (path.endsWith("/error")) this.#finish(body, "Unhandled");
    else response.statusCode = 404;
    if (response.statusCode !== 404) response.statusCode = 202;
    response.end('{"status":"OK"}');
  }

  #ready(response: ServerResponse): void {
    clearTimeout(this.#initTimer);
    this.#initMs ??= performance.now() - this.#createdMs;
    this.#next = response;
    this.state = "idle";
    this.idleSinceMs = Date.now();
    if (this.#waiting) this.#begin();
    else {
      this.#options.onChange(this);
      if (this.#options.freeze && !this.#waiting && this.#next) this.#child?.kill("SIGSTOP");
    }
  }

  #begin(): void {
    const { invocation, resolve } = this.#waiting!;
    const { functionArn, timeoutMs, freeze } = this.#options;
    this.#waiting = undefined;
    this.state = "busy";
    const timer = setTimeout(() => this.#timeOut(), timeoutMs);
    this.#current = { invocation, resolve, timer, startedMs: performance.now() };
    this.#log = [];
    if (freeze) this.#child?.kill("SIGCONT");
    const response = this.#next!;
    this.#next = undefined;
    response.setHeader("lambda-runtime-aws-request-id", invocation.requestId);
    response.setHeader("lambda-runtime-deadline-ms", Date.now() + timeoutMs);
    response.setHeader("lambda-runtime-invoked-function-arn", functionArn);
    response.setHeader("content-type", "application/json");
    response.end(invocation.payload);
  }

  #timeOut(): void {
    const seconds = (this.#options.timeoutMs / 1000).toFixed(2);
    this.kill(
      JSON.stringify({
        errorType: "Sandbox.Timedout",
        errorMessage: `RequestId: ${this.#current?.invocation.requestId} Error: Task timed out after ${seconds} seconds`,
      }),
    );
  }

  #respond(body: Buffer): void {
    if (body.length <= responseBytesMax) return this.#finish(body);
    const errorMessage = `Response payload size exceeded maximum allowed payload size (${responseBytesMax} bytes).`;
    this.#finish(
      Buffer.from(JSON.stringify({ errorType: "Function.ResponseSizeTooLarge", errorMessage })),
      "Unhandled",
    );
  }

  #finish(payload: Buffer, functionError?: "Unhandled"): void {
    const current = this.#current;
    if (!current) return;
    this.#current = undefined;
    clearTimeout(current.timer);
    current.resolve({
      requestId: current.invocation.requestId,
      payload,
      ...(functionError && { functionError }),
      ...(this.#initMs !== undefined && this.#initMs >= 0 && { initMs: this.#initMs }),
      durationMs: performance.now() - current.startedMs,
      log: this.#log,
    });
    // Only the first event of an environment pays for its start.
    this.#initMs = -1;
  }

  #gone(how: string): void {
    if (this.state === "gone") return;
    this.state = "gone";
    clearTimeout(this.#initTimer);
    this.#server.closeAllConnections();
    this.#server.close();
    const waiting = this.#waiting;
    if (waiting) {
      this.#waiting = undefined;
      this.#current = {
        ...waiting,
        timer: setTimeout(() => {}, 0),
        startedMs: performance.now(),
      };
    }
    if (this.#current) {
      const { requestId } = this.#current.invocation;
      const exited = { errorType: "Runtime.ExitError", errorMessage: `RequestId: ${requestId} Error: ${how}` };
      this.#finish(Buffer.from(this.#why.startsWith("{") ? this.#why : JSON.stringify(exited)), "Unhandled");
    }
    this.#options.onChange(this);
  }

  #line(line: string): void {
    this.#log.push(line);
    this.#options.onLine(line);
  }
}

function readLines(stream: NodeJS.ReadableStream | null, onLine: (line: string) => void): void {
  let rest = "";
  stream?.setEncoding("utf8");
  stream?.on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    for (const line of lines) onLine(line);
  });
  stream?.on("end", () => {
    if (rest) onLine(rest);
  });
}

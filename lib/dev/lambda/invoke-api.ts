/** The Invoke API (https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html) over a set of functions. */
import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { delay, type Faults, strikes } from "../faults.ts";
import { readBody } from "../http.ts";
import { arns } from "../permissions.ts";
import { AccessDenied, type Authorize } from "../roles.ts";
import { type LambdaFunction, TooManyRequests } from "./lambda-function.ts";

const requestBytesMax = 6_291_456;
const eventBytesMax = 1_048_576;
/** The pipe of what a function logs is read beside its answer. */
const logDelayMs = 50;

class ServiceError extends Error {
  readonly status: number;
  readonly type: string;
  readonly fields: object;

  constructor(status: number, type: string, message: string, fields: object = {}) {
    super(message);
    this.status = status;
    this.type = type;
    this.fields = fields;
  }
}

export interface InvokeApiOptions {
  readonly functions: ReadonlyMap<string, LambdaFunction>;
  readonly faults: Readonly<Faults>;
  /** Who may invoke what; absent: anyone anything. */
  readonly authorize?: Authorize;
}

export function invokeApi(options: InvokeApiOptions) {
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    response.setHeader("x-amzn-requestid", randomUUID());
    try {
      const body = await readBody(request);
      await delay(options.faults.latencyMs);
      await route(options, request, body, response);
    } catch (error) {
      const known = asServiceError(error);
      response.statusCode = known.status;
      response.setHeader("x-amzn-errortype", known.type);
      if (known.status === 429) response.setHeader("retry-after", "1");
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ Type: "User", message: known.message, Message: known.message, ...known.fields }));
    }
  };
}

async function route(
  { functions, faults, authorize }: InvokeApiOptions,
  request: IncomingMessage,
  payload: Buffer,
  response: ServerResponse,
): Promise<void> {
  const { pathname } = new URL(request.url!, "http://lambda");
  const match = /^\/2015-03-31\/functions\/([^/]+)\/invocations$/.exec(pathname);
  if (request.method !== "POST" || !match) throw new ServiceError(404, "ResourceNotFoundException", "no such route");
  const name = functionName(decodeURIComponent(match[1]!));
  authorize?.(request, payload, { action: "lambda:InvokeFunction", resource: arns.function(name) });
  const target = functions.get(name);
  if (!target) throw new ServiceError(404, "ResourceNotFoundException", `Function not found: ${name}`);
  const type = request.headers["x-amz-invocation-type"] ?? "RequestResponse";
  if (type !== "DryRun") limit(payload, type === "Event" ? eventBytesMax : requestBytesMax);
  parseable(payload);
  if (strikes(faults.invokeThrottle)) {
    target.counts.throttles++;
    throw new TooManyRequests();
  }
  if (type === "DryRun") response.statusCode = 204;
  else if (type === "Event") {
    response.statusCode = 202;
    target.enqueue(payload);
  } else if (type === "RequestResponse") {
    const result = await target.invoke(payload);
    if (result.functionError) response.setHeader("x-amz-function-error", result.functionError);
    response.setHeader("x-amz-executed-version", "$LATEST");
    response.setHeader("x-amzn-requestid", result.requestId);
    if (request.headers["x-amz-log-type"] === "Tail") {
      await delay(logDelayMs);
      response.setHeader("x-amz-log-result", Buffer.from(result.log.join("\n")).subarray(-4096).toString("base64"));
    }
    response.end(result.payload);
    return;
  } else throw new ServiceError(400, "InvalidParameterValueException", `Invocation type ${type}`);
  response.end();
}

/** From a name, an ARN or a part of one, with or without a version. */
function functionName(text: string): string {
  const parts = text.split(":");
  const at = parts.indexOf("function");
  return at >= 0 ? parts[at + 1]! : parts[0]!;
}

function limit(payload: Buffer, bytesMax: number): void {
  if (payload.length <= bytesMax) return;
  const message = `${payload.length} byte payload is too large for the invocation type (limit ${bytesMax} bytes)`;
  throw new ServiceError(413, "RequestTooLargeException", message);
}

function parseable(payload: Buffer): void {
  try {
    if (payload.length > 0) JSON.parse(payload.toString());
  } catch (error) {
    throw new ServiceError(400, "InvalidRequestContentException", `Could not parse request body: ${error}`);
  }
}

function asServiceError(error: unknown): ServiceError {
  if (error instanceof ServiceError) return error;
  if (error instanceof AccessDenied) return new ServiceError(403, "AccessDeniedException", error.message);
  if (error instanceof TooManyRequests) {
    const Reason = "ReservedFunctionConcurrentInvocationLimitExceeded";
    return new ServiceError(429, "TooManyRequestsException", "Rate Exceeded.", { Reason });
  }
  return new ServiceError(500, "ServiceException", String(error));
}

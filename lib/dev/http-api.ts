/** The HTTP API: requests become events of payload format 2.0 for the api function, its results become answers. */
import { randomUUID } from "node:crypto";
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import { type Authorizer, Unauthorized } from "./authorizers.ts";
import { readBody } from "./http.ts";
import { type LambdaFunction, TooManyRequests } from "./lambda/lambda-function.ts";
import { accountId } from "./permissions.ts";

const requestBytesMax = 10 << 20;
/** API Gateway gives up then. Requests wait so long for an environment, too: AWS would have started more of them. */
const integrationMsMax = 30_000;

interface FunctionResult {
  readonly statusCode?: number;
  readonly headers?: Readonly<Record<string, string | number | boolean>>;
  readonly cookies?: readonly string[];
  readonly body?: string;
  readonly isBase64Encoded?: boolean;
}

class Refusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export function httpApi(target: LambdaFunction, authorizer: Authorizer) {
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const requestId = randomUUID();
    response.setHeader("apigw-requestid", requestId);
    try {
      const body = await readBody(request);
      if (body.length > requestBytesMax) throw new Refusal(413, "Request Entity Too Large");
      const event = eventOf(request, body, requestId, authorizer(request, body));
      send(response, await integrate(target, Buffer.from(JSON.stringify(event))));
    } catch (error) {
      const known = error instanceof Refusal || error instanceof Unauthorized;
      response.statusCode = known ? error.status : 500;
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ message: known ? error.message : "Internal Server Error" }));
    }
  };
}

async function integrate(target: LambdaFunction, event: Buffer): Promise<FunctionResult> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Refusal(503, "Service Unavailable")), integrationMsMax);
  });
  try {
    const { payload, functionError } = await Promise.race([target.invokeWhenFree(event, integrationMsMax), late]);
    if (functionError) throw new Refusal(500, "Internal Server Error");
    const result: unknown = JSON.parse(payload.toString());
    const isAnswer = typeof result === "object" && result !== null && "statusCode" in result;
    if (isAnswer) return result as FunctionResult;
    const headers = { "content-type": "application/json" };
    return { statusCode: 200, headers, body: typeof result === "string" ? result : JSON.stringify(result) };
  } catch (error) {
    throw error instanceof TooManyRequests ? new Refusal(503, "Service Unavailable") : error;
  } finally {
    clearTimeout(timer);
  }
}

function eventOf(request: IncomingMessage, body: Buffer, requestId: string, authorizer: object | undefined): object {
  const [rawPath = "/", rawQueryString = ""] = request.url!.split("?", 2);
  const { cookie, ...headers } = headersOf(request.headers);
  const host = headers.host ?? "127.0.0.1";
  const now = new Date();
  const query = new URLSearchParams(rawQueryString);
  const names = [...new Set(query.keys())];
  const isText = /^(text\/|application\/(json|javascript|xml|x-www-form-urlencoded)|$)/.test(
    headers["content-type"] ?? "",
  );
  return {
    version: "2.0",
    routeKey: "ANY /{proxy+}",
    rawPath: decodeURI(rawPath),
    rawQueryString,
    ...(cookie && { cookies: cookie.split("; ") }),
    headers: {
      ...headers,
      "x-forwarded-for": "127.0.0.1",
      "x-forwarded-proto": "http",
      "x-forwarded-port": host.split(":")[1] ?? "80",
    },
    ...(names.length > 0 && {
      queryStringParameters: Object.fromEntries(names.map((name) => [name, query.getAll(name).join(",")])),
    }),
    requestContext: {
      accountId,
      apiId: "volley",
      ...(authorizer && { authorizer }),
      domainName: host,
      domainPrefix: "volley",
      http: {
        method: request.method,
        path: rawPath,
        protocol: "HTTP/1.1",
        sourceIp: "127.0.0.1",
        userAgent: headers["user-agent"] ?? "",
      },
      requestId,
      routeKey: "ANY /{proxy+}",
      stage: "$default",
      time: now.toUTCString(),
      timeEpoch: now.getTime(),
    },
    pathParameters: { proxy: rawPath.slice(1) },
    ...(body.length > 0 && { body: isText ? body.toString() : body.toString("base64") }),
    isBase64Encoded: body.length > 0 && !isText,
  };
}

function headersOf(headers: IncomingHttpHeaders): Record<string, string> {
  const entries = Object.entries(headers).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries.map(([name, value]) => [name, Array.isArray(value) ? value.join(",") : value!]));
}

function send(response: ServerResponse, result: FunctionResult): void {
  response.statusCode = result.statusCode ?? 200;
  for (const [name, value] of Object.entries(result.headers ?? {})) response.setHeader(name, String(value));
  if (result.cookies) response.setHeader("set-cookie", result.cookies);
  const body = Buffer.from(result.body ?? "", result.isBase64Encoded ? "base64" : "utf8");
  response.setHeader("content-length", body.length);
  response.end(body);
}

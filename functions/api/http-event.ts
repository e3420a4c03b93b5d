/** Events of API Gateway HTTP APIs and function URLs (payload format 2.0) as web requests, and responses as results. */
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from "aws-lambda";

export function requestOf(event: APIGatewayProxyEventV2): Request {
  const { method } = event.requestContext.http;
  const headers = new Headers();
  for (const [name, value] of Object.entries(event.headers)) if (value !== undefined) headers.set(name, value);
  const query = event.rawQueryString ? `?${event.rawQueryString}` : "";
  const host = headers.get("host") ?? event.requestContext.domainName ?? "localhost";
  const url = `https://${host}${withoutStage(event)}${query}`;
  const hasBody = event.body !== undefined && method !== "GET" && method !== "HEAD";
  const body = hasBody ? Buffer.from(event.body!, event.isBase64Encoded ? "base64" : "utf8") : null;
  return new Request(url, { method, headers, body });
}

/** A named stage stands at the start of the path. */
function withoutStage({ rawPath, requestContext }: APIGatewayProxyEventV2): string {
  const prefix = `/${requestContext.stage}`;
  return requestContext.stage !== "$default" && rawPath.startsWith(`${prefix}/`)
    ? rawPath.slice(prefix.length)
    : rawPath;
}

export async function resultOf(response: Response): Promise<APIGatewayProxyStructuredResultV2> {
  const headers = Object.fromEntries([...response.headers].filter(([name]) => name !== "set-cookie"));
  const bytes = Buffer.from(await response.arrayBuffer());
  const text = isText(response.headers);
  return {
    statusCode: response.status,
    headers,
    cookies: response.headers.getSetCookie(),
    body: bytes.toString(text ? "utf8" : "base64"),
    isBase64Encoded: !text,
  };
}

function isText(headers: Headers): boolean {
  if (headers.has("content-encoding")) return false;
  return /^text\/|[/+](json|xml)\b|^application\/openmetrics-text/i.test(headers.get("content-type") ?? "text/plain");
}

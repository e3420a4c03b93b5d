/** Requests to a Volley API: who asks, trying again, and failures as QueryErrors. */
import { setTimeout as sleep } from "node:timers/promises";
import { QueryError, type QueryErrorJson } from "../errors.ts";
import { type AwsCredentials, type SigningScope, signRequest } from "./sign-request.ts";

/** How a remote session shows who it is. */
export interface RemoteOptions {
  /** A bearer token. */
  readonly token?: string;
  /** To sign requests with (SigV4), as IAM authorization wants it. */
  readonly credentials?: AwsCredentials;
  /** Of the signature; default: what the host's name says, or AWS_REGION. */
  readonly region?: string;
}

export interface RemoteRequest {
  readonly method: "GET" | "POST" | "DELETE";
  /** Below the API's URL, with its query string. */
  readonly path: string;
  /** Becomes JSON. */
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

const attemptsMax = 6;

export class RemoteClient {
  readonly #url: URL;
  readonly #token: string | undefined;
  readonly #signing: SigningScope | undefined;

  /** Without a token or credentials, those of the environment count: VOLLEY_TOKEN; AWS_ACCESS_KEY_ID and so on for AWS hosts. */
  constructor(url: string, options: RemoteOptions = {}) {
    const parsed = URL.parse(url);
    if (!parsed || !/^https?:$/.test(parsed.protocol)) {
      throw new QueryError("invalid_argument", `${url} is no URL of a Volley API`, {
        hint: "Write such as https://abc123.execute-api.eu-central-1.amazonaws.com",
      });
    }
    this.#url = parsed;
    const isAws = /\.(amazonaws\.com|on\.aws)$/.test(parsed.hostname);
    const credentials = options.credentials ?? (isAws && !options.token ? credentialsOf(process.env) : undefined);
    this.#token = options.token ?? (credentials ? undefined : process.env.VOLLEY_TOKEN);
    this.#signing = credentials && { credentials, ...scopeOf(parsed.hostname, options.region) };
  }

  /** The response, once it is none that trying again may help. Requests must be such that they can be sent twice. */
  async send(request: RemoteRequest): Promise<Response> {
    for (let attempt = 1; ; attempt++) {
      const response = await this.#attempt(request, attempt === attemptsMax);
      if (response?.ok) return response;
      if (response && (attempt === attemptsMax || !isTemporary(response.status))) throw await failureOf(response);
      await response?.body?.cancel();
      const seconds = Number(response?.headers.get("retry-after") ?? 0) || 0.1 * 2 ** attempt;
      await sleep(Math.min(seconds, 10) * 1000 * (0.5 + Math.random() / 2), undefined, { signal: request.signal });
    }
  }

  async json<T>(request: RemoteRequest): Promise<T> {
    return (await (await this.send(request)).json()) as T;
  }

  /** Undefined when there was no connection; then only the last attempt throws. */
  async #attempt({ method, path, body, signal }: RemoteRequest, last: boolean): Promise<Response | undefined> {
    const url = new URL(this.#url.href.replace(/\/$/, "") + path);
    const text = body === undefined ? "" : JSON.stringify(body);
    const headers = this.#authorized(
      method,
      url,
      body === undefined ? {} : { "content-type": "application/json" },
      text,
    );
    try {
      return await fetch(url, { method, headers, ...(text && { body: text }), ...(signal && { signal }) });
    } catch (error) {
      if (signal?.aborted) throw QueryError.from(signal.reason, "cancelled");
      if (!last) return undefined;
      const cause = (error as Error).cause ?? error;
      throw new QueryError("not_found", `cannot reach ${this.#url.host}: ${(cause as Error).message}`, { cause });
    }
  }

  #authorized(
    method: string,
    url: URL,
    headers: Record<string, string>,
    body: string,
  ): Readonly<Record<string, string>> {
    if (this.#signing) return signRequest({ method, url, headers, body }, this.#signing, new Date());
    return this.#token ? { ...headers, authorization: `Bearer ${this.#token}` } : headers;
  }
}

function isTemporary(status: number): boolean {
  return status === 429 || status === 502 || status === 503 || status === 504;
}

/** Problem details of the API itself, or whatever stands in front of it says. */
async function failureOf(response: Response): Promise<QueryError> {
  const text = await response.text();
  try {
    const { error, message } = JSON.parse(text) as { error?: QueryErrorJson; message?: string };
    if (error) return QueryError.fromJSON(error);
    if (message) return new QueryError(codeOf(response.status), `${response.status}: ${message}`);
  } catch {
    // No JSON.
  }
  return new QueryError(codeOf(response.status), `the server answers ${response.status}: ${text.slice(0, 200)}`);
}

function codeOf(status: number) {
  if (status === 401 || status === 403) return "unauthorized";
  if (status === 429) return "throttled";
  return status === 404 ? "not_found" : "internal";
}

function credentialsOf(variables: NodeJS.ProcessEnv): AwsCredentials | undefined {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = variables;
  const { AWS_SESSION_TOKEN: sessionToken } = variables;
  return accessKeyId && secretAccessKey
    ? { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) }
    : undefined;
}

/** abc.execute-api.<region>.amazonaws.com, or abc.lambda-url.<region>.on.aws */
function scopeOf(host: string, given: string | undefined): { region: string; service: string } {
  const match = /\.(execute-api|lambda-url)\.([\w-]+)\.(amazonaws\.com|on\.aws)$/.exec(host);
  const region = given ?? match?.[2] ?? process.env.AWS_REGION ?? process.env.AWS_DEFAULT_REGION ?? "us-east-1";
  return { region, service: match?.[1] === "lambda-url" ? "lambda" : "execute-api" };
}

/** Checks AWS Signature Version 4, in the Authorization header or in a presigned URL's query. */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";

export class BadSignature extends Error {}

interface Signature {
  readonly accessKey: string;
  readonly scope: string;
  readonly date: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  readonly payloadHash: string;
}

/**
 * Gives the access key that signed the request.
 * @param secretOf the secret of an access key, if there is such a key
 * @param body hashed when the request does not say its payload's hash
 * @throws BadSignature
 */
export function verifySignature(
  request: IncomingMessage,
  secretOf: (accessKey: string) => string | undefined,
  body: Uint8Array = new Uint8Array(),
): string {
  const [path = "/", query = ""] = request.url!.split("?", 2);
  const parameters = query === "" ? [] : query.split("&").map((pair) => pair.split("=", 2) as [string, string?]);
  const signature = fromHeader(request, body) ?? fromQuery(parameters);
  if (!signature) throw new BadSignature("Missing Authentication Token");
  const secret = secretOf(signature.accessKey);
  if (secret === undefined) throw new BadSignature("The AWS Access Key Id you provided does not exist in our records.");
  const [, , service = ""] = signature.scope.split("/");
  const canonical = [
    request.method,
    // S3 signs the path as it is sent; all others encode it once more.
    service === "s3" ? path : path.split("/").map(encodeRfc3986).join("/"),
    parameters
      .filter(([name]) => name !== "X-Amz-Signature")
      .map(([name, value = ""]) => `${name}=${value}`)
      .sort()
      .join("&"),
    ...signature.signedHeaders.map((name) => `${name}:${String(request.headers[name] ?? "").trim()}`),
    "",
    signature.signedHeaders.join(";"),
    signature.payloadHash,
  ].join("\n");
  const toSign = ["AWS4-HMAC-SHA256", signature.date, signature.scope, sha256(canonical)].join("\n");
  const key = signature.scope.split("/").reduce<Buffer | string>((k, part) => hmac(k, part), `AWS4${secret}`);
  const expected = hmac(key, toSign);
  const given = Buffer.from(signature.signature, "hex");
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
    throw new BadSignature("The request signature we calculated does not match the signature you provided.");
  }
  return signature.accessKey;
}

function fromHeader(request: IncomingMessage, body: Uint8Array): Signature | undefined {
  const header = request.headers.authorization;
  const match = /^AWS4-HMAC-SHA256 Credential=([^/]+)\/([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]+)$/.exec(
    header ?? "",
  );
  if (!match) return undefined;
  const [, accessKey, scope, signedHeaders, signature] = match as unknown as string[];
  const date = String(request.headers["x-amz-date"]);
  if (Math.abs(Date.now() - timeOf(date)) > 15 * 60_000) throw new BadSignature("Signature expired");
  return {
    accessKey: accessKey!,
    scope: scope!,
    date,
    signedHeaders: signedHeaders!.split(";"),
    signature: signature!,
    payloadHash: String(request.headers["x-amz-content-sha256"] ?? sha256(body)),
  };
}

function fromQuery(parameters: readonly [string, string?][]): Signature | undefined {
  const get = (name: string) => decodeURIComponent(parameters.find(([each]) => each === name)?.[1] ?? "");
  const credential = get("X-Amz-Credential");
  if (credential === "") return undefined;
  const date = get("X-Amz-Date");
  if (Date.now() > timeOf(date) + Number(get("X-Amz-Expires")) * 1000) throw new BadSignature("Request has expired");
  const at = credential.indexOf("/");
  return {
    accessKey: credential.slice(0, at),
    scope: credential.slice(at + 1),
    date,
    signedHeaders: get("X-Amz-SignedHeaders").split(";"),
    signature: get("X-Amz-Signature"),
    payloadHash: "UNSIGNED-PAYLOAD",
  };
}

/** 20261122T160000Z */
function timeOf(date: string): number {
  return Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"));
}

function encodeRfc3986(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

function sha256(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

function hmac(key: Buffer | string, data: string): Buffer {
  return createHmac("sha256", key).update(data).digest();
}

/** ListObjectsV2. */
import type { Buckets } from "./buckets.ts";
import { xmlDocument } from "./xml.ts";

export function listObjects(buckets: Buckets, bucket: string, query: URLSearchParams): string {
  const prefix = query.get("prefix") ?? "";
  const delimiter = query.get("delimiter") ?? "";
  const maxKeys = Math.min(1000, Number(query.get("max-keys") ?? 1000));
  const token = query.get("continuation-token");
  const after = Buffer.from(token === null ? (query.get("start-after") ?? "") : Buffer.from(token, "base64url"));
  const encode = query.get("encoding-type") === "url" ? encodeKey : (key: string) => key;
  const contents: object[] = [];
  const folders = new Set<string>();
  let last = "";
  let truncated = false;
  for (const { key, bytes, etag, modifiedMs } of buckets.list(bucket, prefix)) {
    const cut = delimiter === "" ? -1 : key.indexOf(delimiter, prefix.length);
    const folder = cut < 0 ? undefined : key.slice(0, cut + delimiter.length);
    if (folder !== undefined && (folders.has(folder) || Buffer.from(folder).equals(after))) continue;
    if (after.length > 0 && Buffer.compare(Buffer.from(key), after) <= 0) continue;
    if (contents.length + folders.size === maxKeys) {
      truncated = true;
      break;
    }
    last = folder ?? key;
    if (folder !== undefined) folders.add(folder);
    else {
      const LastModified = new Date(modifiedMs).toISOString();
      contents.push({ Key: encode(key), LastModified, ETag: etag, Size: bytes, StorageClass: "STANDARD" });
    }
  }
  return xmlDocument("ListBucketResult", {
    Name: bucket,
    Prefix: encode(prefix),
    ...(delimiter && { Delimiter: encode(delimiter) }),
    MaxKeys: maxKeys,
    KeyCount: contents.length + folders.size,
    IsTruncated: truncated,
    ...(truncated && { NextContinuationToken: Buffer.from(last).toString("base64url") }),
    ...(query.get("encoding-type") === "url" && { EncodingType: "url" }),
    Contents: contents as never,
    CommonPrefixes: [...folders].map((folder) => ({ Prefix: encode(folder) })),
  });
}

function encodeKey(key: string): string {
  return encodeURIComponent(key).replaceAll("%2F", "/");
}

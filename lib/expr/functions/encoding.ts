/** Digests, and bytes as text. */
import { types } from "../../arrow/types.ts";
import type { Value } from "../../arrow/value.ts";
import { QueryError } from "../../errors.ts";
import { bytesOfHex, hexOfBytes } from "../value.ts";
import type { ScalarFunction } from "./scalar-function.ts";

const encoder = new TextEncoder();

function bytesOf(value: Value): Uint8Array {
  return typeof value === "string" ? encoder.encode(value) : (value as Uint8Array);
}

/** Loaded when first asked for: node:crypto takes 10 ms, which every cold start would pay. */
function hashOf(algorithm: string, bytes: Uint8Array): Uint8Array {
  const { createHash } = process.getBuiltinModule("node:crypto");
  return new Uint8Array(createHash(algorithm).update(bytes).digest());
}

function digest(name: string, algorithm: string): ScalarFunction {
  return {
    name,
    signatures: ["varchar -> varchar", "binary -> varchar"],
    evaluate: ([value]) => hexOfBytes(hashOf(algorithm, bytesOf(value!))),
    about: `The ${name.toUpperCase()} digest in hexadecimal.`,
  };
}

function digestOf(bytes: Uint8Array, method: string): Uint8Array {
  const algorithm = method.toLowerCase();
  if (!["md5", "sha1", "sha224", "sha256", "sha384", "sha512"].includes(algorithm)) {
    throw new QueryError("invalid_argument", `"${method}" is not a digest method`);
  }
  return hashOf(algorithm, bytes);
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new QueryError("invalid_argument", "the bytes are not UTF-8 text");
  }
}

const base64Pattern = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

function fromBase64(text: string): Uint8Array {
  if (!base64Pattern.test(text)) throw new QueryError("invalid_argument", `"${text}" is not base64`);
  return new Uint8Array(Buffer.from(text, "base64"));
}

function hex(value: Value): string {
  if (typeof value !== "bigint") return hexOfBytes(bytesOf(value)).toUpperCase();
  return BigInt.asUintN(64, value).toString(16).toUpperCase();
}

function binaryDigits(value: Value): string {
  if (typeof value === "bigint") return BigInt.asUintN(64, value).toString(2);
  return Array.from(bytesOf(value), (byte) => byte.toString(2).padStart(8, "0")).join("");
}

function toBase([number, radix, length = 0n]: readonly Value[]): string {
  const [n, r] = [number as bigint, Number(radix)];
  if (n < 0n || r < 2 || r > 36 || (length as bigint) > 64n) {
    throw new QueryError("invalid_argument", "to_base takes a number from 0, a base 2–36 and a length up to 64");
  }
  return n.toString(r).toUpperCase().padStart(Number(length), "0");
}

function encodeUrl(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replace(
    /[!'()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function decodeUrl(text: string): string {
  const bytes: number[] = [];
  for (const part of text.match(/%[0-9a-fA-F]{2}|./gsu) ?? []) {
    if (part.length === 3 && part.startsWith("%")) bytes.push(Number.parseInt(part.slice(1), 16));
    else bytes.push(...encoder.encode(part));
  }
  return decodeUtf8(Uint8Array.from(bytes));
}

const oddHex = (text: string) => (text.length % 2 === 0 ? text : `0${text}`);

export const encodingFunctions: readonly ScalarFunction[] = [
  digest("md5", "md5"),
  digest("sha1", "sha1"),
  digest("sha256", "sha256"),
  digest("sha512", "sha512"),
  {
    name: "digest",
    signatures: ["varchar, varchar -> binary", "binary, varchar -> binary"],
    canFail: true,
    evaluate: ([value, method]) => digestOf(bytesOf(value!), method as string),
    about: "The digest by a method: md5, sha1, sha224, sha256, sha384 or sha512.",
  },
  {
    name: "hex",
    aliases: ["to_hex"],
    signatures: ["varchar -> varchar", "binary -> varchar", "int64 -> varchar"],
    evaluate: ([value]) => hex(value!),
    about: "Bytes, or a number in two's complement, in hexadecimal.",
  },
  {
    name: "unhex",
    aliases: ["from_hex"],
    signatures: ["varchar -> binary"],
    canFail: true,
    evaluate: ([text]) => bytesOfHex(oddHex(text as string)),
    about: "The bytes of hexadecimal digits.",
  },
  {
    name: "bin",
    aliases: ["to_binary"],
    signatures: ["varchar -> varchar", "binary -> varchar", "int64 -> varchar"],
    evaluate: ([value]) => binaryDigits(value!),
    about: "Bytes, or a number in two's complement, in binary digits.",
  },
  {
    name: "to_base",
    signatures: ["int64, int32 -> varchar", "int64, int32, int64 -> varchar"],
    canFail: true,
    evaluate: toBase,
    about: "A number in a base from 2 to 36, filled up with zeros to a length.",
  },
  {
    name: "base64",
    aliases: ["to_base64"],
    signatures: ["binary -> varchar"],
    resolve: ([arg, ...rest]) => {
      if (rest.length > 0 || !arg || !["binary", "varchar", "null"].includes(arg.type.kind)) return undefined;
      return { argTypes: [arg.type.kind === "varchar" ? types.varchar : types.binary], type: types.varchar };
    },
    evaluate: ([value]) => Buffer.from(bytesOf(value!)).toString("base64"),
    about: "Bytes (of text, in UTF-8) in base64.",
  },
  {
    name: "from_base64",
    signatures: ["varchar -> binary"],
    canFail: true,
    evaluate: ([text]) => fromBase64(text as string),
    about: "The bytes of base64 text.",
  },
  {
    name: "encode",
    signatures: ["varchar -> binary"],
    evaluate: ([text]) => bytesOf(text!),
    about: "The UTF-8 bytes of text.",
  },
  {
    name: "decode",
    signatures: ["binary -> varchar"],
    canFail: true,
    evaluate: ([bytes]) => decodeUtf8(bytes as Uint8Array),
    about: "The text of UTF-8 bytes.",
  },
  {
    name: "url_encode",
    signatures: ["varchar -> varchar"],
    evaluate: ([text]) => encodeUrl(text as string),
    about: "Text with %xx escapes.",
  },
  {
    name: "url_decode",
    signatures: ["varchar -> varchar"],
    canFail: true,
    evaluate: ([text]) => decodeUrl(text as string),
    about: "Text without %xx escapes.",
  },
];

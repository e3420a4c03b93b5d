/** Attribute values written by hand: a dozen lines instead of a marshalling library in every cold start. */
import { deflateRawSync, inflateRawSync } from "node:zlib";
import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { addUsage, noUsage, type Usage } from "../bill/usage.ts";

export type Item = Record<string, AttributeValue>;

export function text(value: string): AttributeValue {
  return { S: value };
}

export function number(value: number): AttributeValue {
  return { N: String(value) };
}

export function textOf(item: Item, name: string): string | undefined {
  return item[name]?.S;
}

export function numberOf(item: Item, name: string): number | undefined {
  const digits = item[name]?.N;
  return digits === undefined ? undefined : Number(digits);
}

/** JSON, deflated: records are billed by the kilobyte. */
export function packed(value: unknown): AttributeValue {
  return { B: deflateRawSync(JSON.stringify(value)) };
}

export function unpacked<T>(item: Item, name: string): T {
  return JSON.parse(inflateRawSync(item[name]!.B!).toString()) as T;
}

/**
 * Size of an item as it is billed: UTF-8 bytes of names and values; a number takes about half a byte per digit.
 * Source: Amazon DynamoDB Developer Guide, "DynamoDB item sizes and formats".
 */
export function itemBytes(item: Item): number {
  return Object.entries(item).reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + valueBytes(value), 0);
}

function valueBytes({ S, N, B, BOOL, NULL, SS }: AttributeValue): number {
  if (SS !== undefined) return SS.reduce((sum, each) => sum + Buffer.byteLength(each), 0);
  if (S !== undefined) return Buffer.byteLength(S);
  if (N !== undefined)
    return Math.ceil(N.replace(/^-|\./g, "").replace(/0+$/, "").length / 2) + 1 + (N[0] === "-" ? 1 : 0);
  if (B !== undefined) return B.length;
  return BOOL !== undefined || NULL !== undefined ? 1 : 3;
}

/** Units that a consistent read of the item takes. */
export function readUnits(item: Item | undefined): number {
  return item ? Math.max(1, Math.ceil(itemBytes(item) / 4096)) : 1;
}

/** Units that writing the item takes. */
export function writeUnits(item: Item): number {
  return Math.max(1, Math.ceil(itemBytes(item) / 1024));
}

/** Whether a condition did not hold. */
export function conditionFailed(thrown: unknown): boolean {
  return thrown instanceof Error && thrown.name === "ConditionalCheckFailedException";
}

/** The item that made a condition fail, where the service tells. */
export function itemOfFailure(thrown: unknown): Item | undefined {
  return (thrown as { readonly Item?: Item }).Item;
}

/** The item with usage that includes the writing of the item itself. */
export function withOwnWrite(usage: Usage | undefined, itemOf: (usage: Usage | undefined) => Item): Item {
  if (!usage) return itemOf(undefined);
  let units = 1;
  while (true) {
    const item = itemOf(addUsage(usage, { ...noUsage, dynamoWriteUnits: units }));
    const needed = writeUnits(item);
    if (needed <= units) return item;
    units = needed;
  }
}

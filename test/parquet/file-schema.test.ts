// What is inside what: the forms in which writers, old ones too, store lists, structs and maps.
import assert from "node:assert/strict";
import { test } from "node:test";
import { typeName } from "../../lib/arrow/types.ts";
import { fileSchema, isNested, type NestedNode } from "../../lib/parquet/file-schema.ts";
import type { SchemaElement } from "../../lib/parquet/schema.ts";

const repetitions = { required: 0, optional: 1, repeated: 2 } as const;
const annotations = { map: 1, map_key_value: 2, list: 3, time: 7 } as const;

type Node = readonly [text: string, ...children: Node[]];

/** `optional l list` or `required int32 x`, with the children after it; parents first, as in a footer. */
function elementsOf(...roots: readonly Node[]): SchemaElement[] {
  const elements: SchemaElement[] = [];
  const add = ([text, ...children]: Node) => {
    const [repetition, ...rest] = text.split(" ");
    const group = children.length > 0 || rest[0] === "group";
    const [name, annotation] = group ? rest.filter((word) => word !== "group") : rest.slice(1);
    elements.push({
      physical: group ? -1 : 1,
      typeLength: 0,
      repetition: repetitions[repetition as "required"],
      name: name!,
      children: children.length,
      converted: annotation ? annotations[annotation as "list"] : -1,
      scale: 0,
      precision: 0,
      logical: undefined,
      bytes: new Uint8Array(0),
    });
    for (const child of children) add(child);
  };
  add(["required group schema", ...roots]);
  return elements;
}

/** The levels of a node: `d` where it is there, `e` where it has elements, `r` of the next element. */
function levels(node: NestedNode): string {
  switch (node.kind) {
    case "leaf":
      return `${node.definition}`;
    case "struct":
      return `${node.definition}{${node.fields.map(({ name, node: inner }) => `${name}:${levels(inner)}`).join(" ")}}`;
    case "list":
      return `${node.definition}[e${node.elements} r${node.repetition} ${levels(node.element)}]`;
    case "map": {
      const value = node.value ? levels(node.value) : "none";
      return `${node.definition}<e${node.elements} r${node.repetition} ${levels(node.key)} ${value}>`;
    }
  }
}

function readField(node: Node): string {
  const { fields, columns } = fileSchema(elementsOf(node));
  const [field, column] = [fields[0]!, columns[0]];
  if (!column) return field.unsupported!;
  const nullable = field.nullable ? "" : " NOT NULL";
  return `${typeName(field.type)}${nullable} ${isNested(column) ? levels(column.root) : "leaf"}`;
}

const cases: Readonly<Record<string, readonly [Node, string]>> = {
  "three levels": [["optional l list", ["repeated list", ["optional int32 element"]]], "INTEGER[] 1[e2 r1 3]"],
  "three levels, nothing missing": [
    ["required l list", ["repeated list", ["required int32 element"]]],
    "INTEGER[] NOT NULL 0[e1 r1 1]",
  ],
  "a repeated value in a list": [["optional l list", ["repeated int32 element"]], "INTEGER[] 1[e2 r1 2]"],
  "a repeated group of several fields in a list": [
    ["optional l list", ["repeated element", ["required int32 a"], ["optional int32 b"]]],
    "STRUCT(a INTEGER, b INTEGER)[] 1[e2 r1 2{a:2 b:3}]",
  ],
  "a repeated group named array": [
    ["optional l list", ["repeated array", ["required int32 a"]]],
    "STRUCT(a INTEGER)[] 1[e2 r1 2{a:2}]",
  ],
  "a repeated group named as a tuple of the list": [
    ["optional l list", ["repeated l_tuple", ["required int32 a"]]],
    "STRUCT(a INTEGER)[] 1[e2 r1 2{a:2}]",
  ],
  "a repeated group around a repeated field": [
    ["optional l list", ["repeated list", ["repeated int32 a"]]],
    "STRUCT(a INTEGER[])[] 1[e2 r1 2{a:2[e3 r2 3]}]",
  ],
  "lists of lists, the elements of both repeated": [
    ["optional l list", ["repeated l list", ["repeated int32 x"]]],
    "INTEGER[][] 1[e2 r1 2[e3 r2 3]]",
  ],
  "lists of lists": [
    ["optional l list", ["repeated list", ["optional element list", ["repeated list", ["optional int32 element"]]]]],
    "INTEGER[][] 1[e2 r1 3[e4 r2 5]]",
  ],
  "a repeated value alone": [["repeated int32 l"], "INTEGER[] NOT NULL 0[e1 r1 1]"],
  "a repeated group alone": [["repeated g", ["required int32 a"]], "STRUCT(a INTEGER)[] NOT NULL 0[e1 r1 1{a:1}]"],
  "a list's annotation on what is none": [
    ["optional l list", ["optional int32 a"], ["required int32 b"]],
    "STRUCT(a INTEGER, b INTEGER) 1{a:2 b:1}",
  ],
  "a map": [
    ["optional m map", ["repeated key_value", ["required int32 key"], ["optional int32 value"]]],
    "MAP(INTEGER, INTEGER) 1<e2 r1 2 3>",
  ],
  "a map with its old annotation, and other names": [
    ["optional m map_key_value", ["repeated map", ["required int32 k"], ["required int32 v"]]],
    "MAP(INTEGER, INTEGER) 1<e2 r1 2 2>",
  ],
  "a map without values": [
    ["optional m map", ["repeated key_value", ["required int32 key"]]],
    "MAP(INTEGER, NULL) 1<e2 r1 2 none>",
  ],
  "a group of nothing": [["optional s", ["optional group nothing"]], 'column "s.nothing", a group of nothing,'],
  "TIME inside": [["optional s", ["optional int32 t time"]], 'TIME column "s.t"'],
};

for (const [name, [node, expected]] of Object.entries(cases)) {
  test(name, () => assert.equal(readField(node), expected));
}

test("fields of structs follow the columns, each with leaves of its own", () => {
  const struct: Node = [
    "optional s",
    ["optional int32 a"],
    ["required t", ["optional int32 b"], ["optional l list", ["repeated list", ["optional int32 element"]]]],
  ];
  const { fields, nested, columns, leaves } = fileSchema(
    elementsOf(["required int32 x"], struct, ["required int32 y"]),
  );
  assert.equal(leaves, 5);
  assert.deepEqual(
    fields.map((field) => field.name),
    ["x", "s", "y"],
  );
  assert.deepEqual(
    nested.map(({ within, name, nullable }) => [...within, name, nullable].join(" ")),
    ["s a true", "s t true", "s t b true", "s t l true"],
  );
  const leafNumbers = columns.map((column) =>
    isNested(column!) ? column.leaves.map(({ leaf }) => leaf) : column!.leaf,
  );
  assert.deepEqual(leafNumbers, [0, [1, 2, 3], 4, 1, [2, 3], 2, [3]]);
  const list = columns.at(-1)!;
  assert.equal(isNested(list) && levels(list.root), "2[e3 r1 4]");
});

test("what is nested too deeply is not read, and breaks nothing", () => {
  const deep = (depth: number): Node => (depth === 0 ? ["optional int32 x"] : ["optional g", deep(depth - 1)]);
  assert.match(readField(deep(70)), /nested too deeply/);
  assert.match(readField(deep(40)), /^STRUCT/);
});

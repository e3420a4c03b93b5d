/**
 * Parquet's schema tree → our fields. A column that cannot be translated becomes a field with `unsupported` set, so that
 * the table's other columns stay usable. A column with values inside is JSON text of a known shape; the fields of
 * structs can be read by themselves as well.
 * Source: https://github.com/apache/parquet-format/blob/master/LogicalTypes.md (nested types, and how old writers wrote them)
 */
import type { DataType, Field, NestedField, NestedType } from "../arrow/types.ts";
import { types } from "../arrow/types.ts";
import { annotationOf, leafColumn, type ParquetColumn, repetition, type SchemaElement } from "./schema.ts";
import { ThriftError } from "./thrift.ts";

/** A value with values inside. Levels are those of all its leaves; `from` and `to` say which leaves those are. */
export type NestedNode = NodeLevels & (NestedLeaf | NestedStruct | NestedList | NestedMap);

interface NodeLevels {
  /** The value is NULL below this definition level. */
  readonly definition: number;
  /** Its leaves are [from, to) of the column's. */
  readonly from: number;
  readonly to: number;
}

interface NestedLeaf {
  readonly kind: "leaf";
}

interface NestedStruct {
  readonly kind: "struct";
  readonly fields: readonly { readonly name: string; readonly node: NestedNode }[];
}

/** No elements below `elements`; the next element has the repetition level `repetition`. */
interface Repeated {
  readonly elements: number;
  readonly repetition: number;
}

interface NestedList extends Repeated {
  readonly kind: "list";
  readonly element: NestedNode;
}

interface NestedMap extends Repeated {
  readonly kind: "map";
  readonly key: NestedNode;
  /** Absent: a set of keys. */
  readonly value?: NestedNode;
}

/** A column that is read as JSON text. */
export interface NestedColumn {
  readonly name: string;
  readonly type: DataType;
  readonly root: NestedNode;
  readonly leaves: readonly ParquetColumn[];
}

/** What a field is read from. */
export type FileColumn = ParquetColumn | NestedColumn;

export function isNested(column: object): column is NestedColumn {
  return "root" in column;
}

export interface FileSchema {
  /** One per child of the root. */
  readonly fields: readonly Field[];
  /** The fields inside structs. */
  readonly nested: readonly NestedField[];
  /** By the index of fields, then nested; undefined where unsupported. */
  readonly columns: readonly (FileColumn | undefined)[];
  /** Number of leaves: chunks in each row group. */
  readonly leaves: number;
}

/** Deeper columns are not read. Levels then fit in a byte, and walks over a column in the stack. */
const depthMax = 64;

export function fileSchema(elements: readonly SchemaElement[]): FileSchema {
  const [root, leaves] = treeOf(elements);
  const fields: Field[] = [];
  const columns: (FileColumn | undefined)[] = [];
  const nested: { readonly field: NestedField; readonly column: FileColumn }[] = [];
  for (const child of root.children) {
    const { name } = child.element;
    const found = readField(child);
    if (typeof found === "string") {
      fields.push({ name, type: types.null, nullable: true, unsupported: found });
      columns.push(undefined);
      continue;
    }
    fields.push({ name, type: found.type, nullable: found.node.definition > 0 });
    const column = fileColumn(name, found);
    columns.push(column);
    if (isNested(column)) nested.push(...fieldsInside(name, [name], found));
  }
  columns.push(...nested.map(({ column }) => column));
  return { fields, nested: nested.map(({ field }) => field), columns, leaves };
}

interface Tree {
  readonly element: SchemaElement;
  readonly children: readonly Tree[];
  /** Index of its first leaf. */
  readonly leaf: number;
}

/** The elements stand parents first; a parent says how many children follow. */
function treeOf(elements: readonly SchemaElement[]): [root: Tree, leaves: number] {
  let at = 0;
  let leaves = 0;
  const next = (depth: number): Tree => {
    const element = elements[at++];
    if (!element) throw new ThriftError(at === 1 ? "the schema is empty" : "the schema ends early");
    if (depth > 1000) throw new ThriftError("the schema is nested too deeply");
    const leaf = leaves;
    if (element.children === 0 && element.physical >= 0) leaves++;
    const children: Tree[] = [];
    for (let i = 0; i < element.children; i++) children.push(next(depth + 1));
    return { element, children, leaf };
  };
  return [next(0), leaves];
}

/** A node, the type of its values, and its leaves; or what is unsupported about it. */
interface ReadNode {
  readonly node: NestedNode;
  readonly type: DataType;
  readonly leaves: readonly ParquetColumn[];
}

/** What is around a node: the groups, and the levels up to them. `from` counts the column's leaves so far. */
interface Around {
  readonly groups: ParquetColumn["groups"];
  readonly definition: number;
  readonly repetition: number;
  readonly from: number;
}

const top: Around = { groups: [], definition: 0, repetition: 0, from: 0 };

/** A field as it is written, its own repetition included. A repeated one outside of lists and maps is a list. */
function readField(tree: Tree, around: Around = top): ReadNode | string {
  const { repetition: repeats } = tree.element;
  if (repeats !== repetition.repeated) {
    const optional = repeats === repetition.optional ? 1 : 0;
    return readValue(tree, { ...around, definition: around.definition + optional });
  }
  const inside = { ...around, definition: around.definition + 1, repetition: around.repetition + 1 };
  const element = readValue(tree, inside);
  return typeof element === "string" ? element : listOf(around, inside, element);
}

/** What a field holds when it is there; its own level counts already. */
function readValue(tree: Tree, at: Around): ReadNode | string {
  const { element, children } = tree;
  if (at.groups.length > depthMax) return `column "${at.groups[0]!.name}", which is nested too deeply,`;
  if (children.length === 0) return readLeaf(tree, at);
  const inside = { ...at, groups: [...at.groups, { name: element.name, repetition: element.repetition }] };
  const [only, ...more] = children;
  const wrapped = more.length === 0 && only!.element.repetition === repetition.repeated;
  const annotation = wrapped ? annotationOf(element) : undefined;
  if (annotation === "list") return readList(element.name, only!, inside);
  if (annotation === "map" && (only!.children.length === 1 || only!.children.length === 2)) {
    return readMap(only!, inside);
  }
  return readStruct(children, inside);
}

function readLeaf({ element, leaf }: Tree, { groups, definition, repetition, from }: Around): ReadNode | string {
  const name = [...groups.map((group) => group.name), element.name].join(".");
  if (element.physical < 0) return `column "${name}", a group of nothing,`;
  const column = leafColumn(element, { leaf, groups, definitionMax: definition, repetitionMax: repetition });
  if (typeof column === "string") return column;
  return { node: { kind: "leaf", definition, from, to: from + 1 }, type: column.type, leaves: [column] };
}

function readStruct(children: readonly Tree[], at: Around): ReadNode | string {
  const found = readAll(children, at);
  if (typeof found === "string") return found;
  const leaves = found.flatMap((child) => child.leaves);
  const names = children.map((child) => child.element.name);
  const fields = found.map(({ node }, i) => ({ name: names[i]!, node }));
  const node = {
    kind: "struct",
    definition: at.definition,
    from: at.from,
    to: at.from + leaves.length,
    fields,
  } as const;
  return {
    node,
    leaves,
    type: nestedType({ kind: "struct", fields: found.map(({ type }, i) => ({ name: names[i]!, type })) }),
  };
}

/** Fields side by side; or what is unsupported about one of them. */
function readAll(children: readonly Tree[], at: Around): readonly ReadNode[] | string {
  const found: ReadNode[] = [];
  let { from } = at;
  for (const child of children) {
    const read = readField(child, { ...at, from });
    if (typeof read === "string") return read;
    found.push(read);
    from = read.node.to;
  }
  return found;
}

/**
 * The repeated child of a list holds each element in its only field. Older writers repeated the element itself: what is
 * no group, has several fields or a repeated one, or is named array or LIST_tuple, is the element.
 */
function readList(name: string, repeated: Tree, at: Around): ReadNode | string {
  const inside = { ...at, definition: at.definition + 1, repetition: at.repetition + 1 };
  const [only, ...more] = repeated.children;
  const itself =
    !only ||
    more.length > 0 ||
    only.element.repetition === repetition.repeated ||
    repeated.element.name === "array" ||
    repeated.element.name === `${name}_tuple`;
  const group = { name: repeated.element.name, repetition: repetition.repeated };
  const element = itself
    ? readValue(repeated, inside)
    : readField(only, { ...inside, groups: [...inside.groups, group] });
  return typeof element === "string" ? element : listOf(at, inside, element);
}

function listOf(at: Around, inside: Around, { node: element, type, leaves }: ReadNode): ReadNode {
  const node = {
    kind: "list",
    definition: at.definition,
    from: element.from,
    to: element.to,
    ...repeats(inside),
    element,
  } as const;
  return { node, leaves, type: nestedType({ kind: "list", element: type }) };
}

function readMap(entries: Tree, at: Around): ReadNode | string {
  const group = { name: entries.element.name, repetition: repetition.repeated };
  const inside = { ...at, definition: at.definition + 1, repetition: at.repetition + 1, groups: [...at.groups, group] };
  const found = readAll(entries.children, inside);
  if (typeof found === "string") return found;
  const [key, value] = [found[0]!, found[1]];
  const leaves = found.flatMap((child) => child.leaves);
  const node = {
    kind: "map",
    definition: at.definition,
    from: at.from,
    to: at.from + leaves.length,
    ...repeats(inside),
    key: key.node,
    ...(value && { value: value.node }),
  } as const;
  return { node, leaves, type: nestedType({ kind: "map", key: key.type, value: value?.type ?? types.null }) };
}

function repeats({ definition, repetition }: Around): Repeated {
  return { elements: definition, repetition };
}

function nestedType(nested: NestedType): DataType {
  return { kind: "varchar", nested };
}

function fileColumn(name: string, { node, type, leaves }: ReadNode): FileColumn {
  return node.kind === "leaf" ? leaves[0]! : { name, type, root: node, leaves };
}

/** The fields of a struct, and of the structs inside: each a column. Copies of leaves, for they are read apart. */
function fieldsInside(
  name: string,
  within: readonly string[],
  { node, type, leaves }: ReadNode,
): { readonly field: NestedField; readonly column: FileColumn }[] {
  if (node.kind !== "struct" || type.kind !== "varchar" || type.nested?.kind !== "struct") return [];
  const typesOf = type.nested.fields;
  return node.fields.flatMap(({ name: fieldName, node: inner }, i) => {
    const { type: innerType } = typesOf[i]!;
    const own = leaves.slice(inner.from - node.from, inner.to - node.from).map((leaf) => ({ ...leaf }));
    const read = { node: moved(inner, -inner.from), type: innerType, leaves: own };
    const field = { name: fieldName, within, type: innerType, nullable: inner.definition > 0 };
    const path = `${name}.${fieldName}`;
    return [{ field, column: fileColumn(path, read) }, ...fieldsInside(path, [...within, fieldName], read)];
  });
}

/** The node with its leaves numbered otherwise. */
function moved(node: NestedNode, by: number): NestedNode {
  if (by === 0) return node;
  const levels = { definition: node.definition, from: node.from + by, to: node.to + by };
  switch (node.kind) {
    case "leaf":
      return { kind: "leaf", ...levels };
    case "struct":
      return {
        ...node,
        ...levels,
        fields: node.fields.map(({ name, node: inner }) => ({ name, node: moved(inner, by) })),
      };
    case "list":
      return { ...node, ...levels, element: moved(node.element, by) };
    case "map":
      return { ...node, ...levels, key: moved(node.key, by), ...(node.value && { value: moved(node.value, by) }) };
  }
}

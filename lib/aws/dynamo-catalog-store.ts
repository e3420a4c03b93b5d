/** The catalog on DynamoDB: one partition with an item for each table and view. */
import { DeleteItemCommand, type DynamoDBClient, PutItemCommand, QueryCommand } from "@aws-sdk/client-dynamodb";
import {
  type CatalogStore,
  type Definitions,
  definitionKey,
  type TableDefinition,
  type ViewDefinition,
} from "../catalog/catalog-store.ts";
import { dynamoError } from "./dynamo-error.ts";
import { conditionFailed, type Item, packed, text, textOf, unpacked } from "./dynamo-item.ts";

const partition = text("CATALOG");

export class DynamoCatalogStore implements CatalogStore {
  readonly #client: DynamoDBClient;
  readonly #table: string;

  constructor(client: DynamoDBClient, table: string) {
    this.#client = client;
    this.#table = table;
  }

  async load(): Promise<Definitions> {
    const items: Item[] = [];
    let ExclusiveStartKey: Item | undefined;
    do {
      const command = new QueryCommand({
        TableName: this.#table,
        KeyConditionExpression: "pk = :pk",
        ExpressionAttributeValues: { ":pk": partition },
        ConsistentRead: true,
        ...(ExclusiveStartKey && { ExclusiveStartKey }),
      });
      const page = await this.#client.send(command).catch((thrown) => {
        throw dynamoError("read the catalog", thrown);
      });
      items.push(...(page.Items ?? []));
      ExclusiveStartKey = page.LastEvaluatedKey;
    } while (ExclusiveStartKey);
    const of = <T>(prefix: string) =>
      items.filter((item) => textOf(item, "sk")!.startsWith(prefix)).map((item) => unpacked<T>(item, "definition"));
    return { tables: of<TableDefinition>("TABLE#"), views: of<ViewDefinition>("VIEW#") };
  }

  putTable(table: TableDefinition, replace: boolean): Promise<boolean> {
    return this.#put(`TABLE#${definitionKey(table)}`, table, replace);
  }

  putView(view: ViewDefinition, replace: boolean): Promise<boolean> {
    return this.#put(`VIEW#${definitionKey(view)}`, view, replace);
  }

  async drop(kind: "table" | "view", schema: string, name: string): Promise<boolean> {
    const sk = text(`${kind.toUpperCase()}#${definitionKey({ schema, name })}`);
    const command = new DeleteItemCommand({
      TableName: this.#table,
      Key: { pk: partition, sk },
      ReturnValues: "ALL_OLD",
    });
    const { Attributes } = await this.#client.send(command).catch((thrown) => {
      throw dynamoError("drop a name", thrown);
    });
    return Attributes !== undefined;
  }

  async #put(sk: string, definition: TableDefinition | ViewDefinition, replace: boolean): Promise<boolean> {
    const Item = { pk: partition, sk: text(sk), definition: packed(definition) };
    const command = new PutItemCommand({
      TableName: this.#table,
      Item,
      ...(!replace && { ConditionExpression: "attribute_not_exists(pk)" }),
    });
    try {
      await this.#client.send(command);
      return true;
    } catch (thrown) {
      if (conditionFailed(thrown)) return false;
      throw dynamoError("write the catalog", thrown);
    }
  }
}

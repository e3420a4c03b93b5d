/**
 * The part of Glue's Data Catalog that readers use: databases, tables and partitions, in pages, by role.
 * Protocol: AWS JSON 1.1 (AWS Glue Web API Reference, "Catalog API").
 */
import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Partition, Table } from "@aws-sdk/client-glue";
import { readBody } from "./http.ts";
import { arns } from "./permissions.ts";
import { AccessDenied, type Authorize } from "./roles.ts";

export interface GlueTable extends Table {
  readonly Name: string;
  readonly partitions?: readonly Partition[];
}

export interface GlueCounts {
  requests: number;
}

interface Input {
  readonly DatabaseName?: string;
  /** Of a table, or of a database. */
  readonly Name?: string;
  readonly TableName?: string;
  readonly NextToken?: string;
  readonly MaxResults?: number;
}

const pageMax = 100;

class GlueError extends Error {
  readonly type: string;

  constructor(type: string, message: string) {
    super(message);
    this.type = type;
  }
}

export class GlueServer {
  /** By database; tests may change it while it runs. */
  readonly databases = new Map<string, GlueTable[]>();
  readonly counts: GlueCounts = { requests: 0 };
  readonly #authorize: Authorize | undefined;

  constructor(databases: Readonly<Record<string, readonly GlueTable[]>> = {}, authorize?: Authorize) {
    for (const [name, tables] of Object.entries(databases)) this.databases.set(name, [...tables]);
    this.#authorize = authorize;
  }

  readonly handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    this.counts.requests++;
    const body = await readBody(request);
    response.setHeader("content-type", "application/x-amz-json-1.1");
    response.setHeader("x-amzn-requestid", randomUUID());
    try {
      const operation = String(request.headers["x-amz-target"]).split(".")[1] ?? "";
      const input = JSON.parse(body.toString() || "{}") as Input;
      for (const resource of resourcesOf(operation, input)) {
        this.#authorize?.(request, body, { action: `glue:${operation}`, resource });
      }
      response.end(JSON.stringify(this.#serve(operation, input)));
    } catch (error) {
      const type = error instanceof AccessDenied ? "AccessDeniedException" : (error as GlueError).type;
      response.statusCode = type ? 400 : 500;
      response.end(JSON.stringify({ __type: type ?? "InternalServiceException", Message: (error as Error).message }));
    }
  };

  #serve(operation: string, input: Input): object {
    switch (operation) {
      case "GetDatabases": {
        const { items, more } = page([...this.databases.keys()], input);
        return { DatabaseList: items.map((Name) => ({ Name })), ...more };
      }
      case "GetDatabase":
        this.#tables(input.Name);
        return { Database: { Name: input.Name } };
      case "GetTables": {
        const { items, more } = page(this.#tables(input.DatabaseName), input);
        return { TableList: items.map((table) => described(input.DatabaseName!, table)), ...more };
      }
      case "GetTable":
        return { Table: described(input.DatabaseName!, this.#table(input.DatabaseName, input.Name)) };
      case "GetPartitions": {
        const { items, more } = page(this.#table(input.DatabaseName, input.TableName).partitions ?? [], input);
        return { Partitions: items, ...more };
      }
      default:
        throw new GlueError("InvalidInputException", `${operation} is not emulated`);
    }
  }

  #tables(database = ""): readonly GlueTable[] {
    const tables = this.databases.get(database);
    if (!tables) throw new GlueError("EntityNotFoundException", `Database ${database} not found.`);
    return tables;
  }

  #table(database: string | undefined, name: string | undefined): GlueTable {
    const table = this.#tables(database).find((each) => each.Name === name);
    if (!table) throw new GlueError("EntityNotFoundException", `Entity Not Found: table ${name}`);
    return table;
  }
}

/** Glue asks for permission on everything that leads to what is read: the catalog, the database, the tables. */
function resourcesOf(operation: string, { DatabaseName, Name, TableName }: Input): readonly string[] {
  const database = operation === "GetDatabase" ? Name : DatabaseName;
  const catalog = [arns.glue("catalog")];
  if (database === undefined) return catalog;
  const inDatabase = [...catalog, arns.glue(`database/${database}`)];
  if (operation === "GetDatabase") return inDatabase;
  return [...inDatabase, arns.glue(`table/${database}/${TableName ?? Name ?? "*"}`)];
}

function described(DatabaseName: string, { partitions: _, ...table }: GlueTable): object {
  return { ...table, DatabaseName };
}

function page<T>(all: readonly T[], { NextToken = "0", MaxResults = pageMax }: Input) {
  const from = Number(NextToken);
  const to = from + Math.min(pageMax, MaxResults);
  return { items: all.slice(from, to), more: to < all.length ? { NextToken: String(to) } : {} };
}

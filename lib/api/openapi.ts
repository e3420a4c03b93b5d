/** The OpenAPI 3.1 document, from the schemas that validate requests. */
import { version } from "../version.ts";
import { type Operation, operations } from "./operations.ts";
import { answerSchemas } from "./wire.ts";

export function openApiDocument(): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const [name, operation] of Object.entries<Operation>(operations)) {
    paths[operation.path] ??= {};
    paths[operation.path]![operation.method] = describe(name, operation);
  }
  return {
    openapi: "3.1.0",
    info: { title: "Volley", version, description: "SQL over Parquet on object storage." },
    paths,
    components: {
      schemas: answerSchemas,
      securitySchemes: {
        bearer: { type: "http", scheme: "bearer" },
        sigv4: { type: "apiKey", in: "header", name: "Authorization", "x-amazon-apigateway-authtype": "awsSigv4" },
      },
    },
    security: [{ bearer: [] }, { sigv4: [] }],
  };
}

function describe(name: string, { path, summary, query, body, answers, open }: Operation): object {
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, part]) => {
    return { name: part, in: "path", required: true, schema: { type: "string" } };
  });
  const inQuery = Object.entries(query.properties ?? {}).map(([field, schema]) => {
    return { name: field, in: "query", required: query.required?.includes(field) ?? false, schema };
  });
  const responses = Object.entries(answers).map(([status, byType]) => {
    const content = Object.fromEntries(Object.entries(byType).map(([type, schema]) => [type, { schema }]));
    return [status, { description: status === "202" ? "Not ended yet" : "Success", content }] as const;
  });
  const problem = { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } };
  return {
    operationId: name,
    summary,
    parameters: [...inPath, ...inQuery],
    ...(body && { requestBody: { required: true, content: { "application/json": { schema: body } } } }),
    responses: {
      ...Object.fromEntries(responses),
      default: { description: "Problem details (RFC 9457)", content: problem },
    },
    ...(open && { security: [] }),
  };
}

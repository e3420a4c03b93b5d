/** The api function: the HTTP API over the cloud's query service. It never plans and never executes. */
import { Logger } from "@aws-lambda-powertools/logger";
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from "aws-lambda";
import { createApi } from "../../lib/api/app.ts";
import { authenticationOf } from "../../lib/api/authenticate.ts";
import { makeClients } from "../../lib/aws/clients.ts";
import { readEnvironment } from "../../lib/aws/environment.ts";
import { makeQueryService } from "../../lib/aws/make-query-service.ts";
import { requestOf, resultOf } from "./http-event.ts";

const logger = new Logger({ serviceName: "volley-api" });
const app = createApi({
  // Callers wait: they are told to come again before the gateway gives up on this function.
  service: makeQueryService(readEnvironment(), makeClients({ dynamoAttemptsMax: 4 })),
  authentication: authenticationOf(process.env),
  log: ({ error, ...request }) => logger.error("unexpected failure", { ...request, error: error as Error }),
});

export async function handler(event: APIGatewayProxyEventV2): Promise<APIGatewayProxyStructuredResultV2> {
  // The authorizer's word is part of the context, which no caller can write.
  return resultOf(await app.fetch(requestOf(event), { requestContext: event.requestContext }));
}

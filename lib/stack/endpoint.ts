/** How requests come in: an HTTP API, or the Function URL of the api function. */
import { Duration, RemovalPolicy } from "aws-cdk-lib";
import { AccessLogField, AccessLogFormat } from "aws-cdk-lib/aws-apigateway";
import {
  CorsHttpMethod,
  HttpApi,
  HttpMethod,
  HttpNoneAuthorizer,
  HttpStage,
  type IHttpRouteAuthorizer,
  LogGroupLogDestination,
} from "aws-cdk-lib/aws-apigatewayv2";
import { HttpIamAuthorizer, HttpJwtAuthorizer } from "aws-cdk-lib/aws-apigatewayv2-authorizers";
import { HttpLambdaIntegration } from "aws-cdk-lib/aws-apigatewayv2-integrations";
import type { IKey } from "aws-cdk-lib/aws-kms";
import { FunctionUrlAuthType, type Function as LambdaFunction, HttpMethod as UrlMethod } from "aws-cdk-lib/aws-lambda";
import { LogGroup, RetentionDays } from "aws-cdk-lib/aws-logs";
import type { Construct } from "constructs";
import type { Authentication, VolleyClusterProps } from "./props.ts";

export interface Endpoint {
  readonly url: string;
  readonly httpApi?: HttpApi;
}

const defaultThrottle = { rate: 100, burst: 200 };
const corsHeaders = ["authorization", "content-type", "idempotency-key", "x-amz-date", "x-amz-security-token"];

export function makeEndpoint(
  scope: Construct,
  api: LambdaFunction,
  props: VolleyClusterProps,
  key: IKey | undefined,
): Endpoint {
  return props.endpoint === "function-url" ? makeFunctionUrl(api, props) : makeHttpApi(scope, api, props, key);
}

function makeFunctionUrl(api: LambdaFunction, { auth = "iam", corsOrigins = [] }: VolleyClusterProps): Endpoint {
  const { url } = api.addFunctionUrl({
    authType: auth === "iam" ? FunctionUrlAuthType.AWS_IAM : FunctionUrlAuthType.NONE,
    cors:
      corsOrigins.length > 0
        ? {
            allowedOrigins: [...corsOrigins],
            allowedMethods: [UrlMethod.GET, UrlMethod.POST, UrlMethod.DELETE],
            allowedHeaders: corsHeaders,
          }
        : undefined,
  });
  return { url };
}

function makeHttpApi(
  scope: Construct,
  api: LambdaFunction,
  props: VolleyClusterProps,
  key: IKey | undefined,
): Endpoint {
  const { auth = "iam", throttle = defaultThrottle, corsOrigins = [] } = props;
  const httpApi = new HttpApi(scope, "HttpApi", {
    description: "Volley",
    createDefaultStage: false,
    corsPreflight:
      corsOrigins.length > 0
        ? {
            allowOrigins: [...corsOrigins],
            allowMethods: [CorsHttpMethod.GET, CorsHttpMethod.POST, CorsHttpMethod.DELETE],
            allowHeaders: corsHeaders,
            maxAge: Duration.hours(1),
          }
        : undefined,
  });
  const accessLogs = new LogGroup(scope, "AccessLogs", {
    retention: props.logRetention ?? RetentionDays.ONE_MONTH,
    encryptionKey: key,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  const stage = new HttpStage(scope, "Stage", {
    httpApi,
    stageName: "$default",
    autoDeploy: true,
    throttle: { rateLimit: throttle.rate, burstLimit: throttle.burst },
    detailedMetricsEnabled: true,
    accessLogSettings: { destination: new LogGroupLogDestination(accessLogs), format: accessLogFormat() },
  });
  const integration = new HttpLambdaIntegration("ApiIntegration", api);
  const authorizer = makeAuthorizer(auth);
  // With CORS, preflights are answered by the gateway itself; they carry no credentials and must match no route here.
  const methods =
    corsOrigins.length > 0 ? [HttpMethod.GET, HttpMethod.POST, HttpMethod.PUT, HttpMethod.DELETE] : [HttpMethod.ANY];
  httpApi.addRoutes({ path: "/{proxy+}", methods, integration, authorizer });
  return { url: stage.url, httpApi };
}

function makeAuthorizer(auth: Authentication): IHttpRouteAuthorizer {
  if (auth === "iam") return new HttpIamAuthorizer();
  if (auth === "none" || "tokens" in auth) return new HttpNoneAuthorizer();
  return new HttpJwtAuthorizer("Jwt", auth.issuer, { jwtAudience: [...auth.audience] });
}

/** Who asked for what and how it went; no query text, no token. */
function accessLogFormat(): AccessLogFormat {
  return AccessLogFormat.custom(
    JSON.stringify({
      requestId: AccessLogField.contextRequestId(),
      time: AccessLogField.contextRequestTimeEpoch(),
      ip: AccessLogField.contextIdentitySourceIp(),
      caller: "$context.identity.userArn",
      subject: "$context.authorizer.claims.sub",
      method: AccessLogField.contextHttpMethod(),
      path: AccessLogField.contextPath(),
      status: AccessLogField.contextStatus(),
      bytes: AccessLogField.contextResponseLength(),
      milliseconds: AccessLogField.contextResponseLatency(),
      error: "$context.integrationErrorMessage",
    }),
  );
}

/** Alarms for what somebody should look at, and a dashboard to look at it with. */
import { Duration } from "aws-cdk-lib";
import {
  Alarm,
  ComparisonOperator,
  Dashboard,
  GraphWidget,
  type IMetric,
  type IWidget,
  MathExpression,
  type Metric,
  TextWidget,
  TreatMissingData,
} from "aws-cdk-lib/aws-cloudwatch";
import { SnsAction } from "aws-cdk-lib/aws-cloudwatch-actions";
import { Operation, type Table } from "aws-cdk-lib/aws-dynamodb";
import type { Function as LambdaFunction } from "aws-cdk-lib/aws-lambda";
import type { Construct } from "constructs";
import type { Endpoint } from "./endpoint.ts";
import type { ClusterFunctions } from "./functions.ts";
import type { VolleyClusterProps } from "./props.ts";

const period = Duration.minutes(5);
/** Long polls last nearly as long as the function may run: only what passes this is slow. */
const slowApiMs = 28_000;
/** A scheduler hands over well before its 15 minutes end. */
const slowSchedulerMs = 14.5 * 60_000;
/** Events wait when functions are throttled. */
const oldEventMs = 60_000;
const operations = [
  Operation.GET_ITEM,
  Operation.PUT_ITEM,
  Operation.UPDATE_ITEM,
  Operation.QUERY,
  Operation.BATCH_WRITE_ITEM,
];

interface Named {
  readonly name: string;
  readonly memoryMiB: number;
  readonly function: LambdaFunction;
}

export interface Monitored {
  readonly functions: ClusterFunctions;
  readonly table: Table;
  readonly endpoint: Endpoint;
}

export function addMonitoring(scope: Construct, monitored: Monitored, props: VolleyClusterProps): readonly Alarm[] {
  const { api, scheduler, executors } = monitored.functions;
  const named: readonly Named[] = [
    { name: "Api", ...api },
    { name: "Scheduler", ...scheduler },
    ...executors.map((each) => ({ name: `Executor${each.memoryMiB}`, ...each })),
  ];
  if (props.dashboard ?? true) addDashboard(scope, named, monitored);
  if (!(props.alarms ?? true)) return [];
  const alarms = [
    ...named.flatMap((each) => functionAlarms(scope, each)),
    ...named.filter(({ name }) => name !== "Api").flatMap((each) => eventAlarms(scope, each)),
    slowAlarm(scope, "ApiSlow", api.function, slowApiMs),
    slowAlarm(scope, "SchedulerSlow", scheduler.function, slowSchedulerMs),
    ...tableAlarms(scope, monitored.table),
    ...endpointAlarms(scope, monitored.endpoint),
  ];
  if (props.alarmTopic) for (const alarm of alarms) alarm.addAlarmAction(new SnsAction(props.alarmTopic));
  return alarms;
}

function functionAlarms(scope: Construct, { name, function: target }: Named): Alarm[] {
  // A failed task is written down, not thrown: what counts here is a crash, a time-out or memory that ran out.
  return [
    alarm(scope, `${name}Errors`, target.metricErrors({ period }), 1, `invocations of ${name} crashed or timed out`),
    alarm(
      scope,
      `${name}Throttles`,
      target.metricThrottles({ period }),
      1,
      `${name} was throttled: raise its concurrency`,
    ),
  ];
}

function eventAlarms(scope: Construct, { name, function: target }: Named): Alarm[] {
  const age = target.metric("AsyncEventAge", { period, statistic: "Maximum" });
  const dropped = target.metric("AsyncEventsDropped", { period, statistic: "Sum" });
  return [
    alarm(scope, `${name}EventAge`, age, oldEventMs, `events wait for ${name}: its concurrency is used up`),
    alarm(scope, `${name}EventsDropped`, dropped, 1, `events for ${name} were given up`),
  ];
}

function slowAlarm(scope: Construct, id: string, target: LambdaFunction, thresholdMs: number): Alarm {
  const duration = target.metricDuration({ period, statistic: "Maximum" });
  return alarm(scope, id, duration, thresholdMs, "invocations nearly reach their time limit");
}

function tableAlarms(scope: Construct, table: Table): Alarm[] {
  const throttled = table.metricThrottledRequestsForOperations({ operations, period });
  const errors = table.metricSystemErrorsForOperations({ operations, period });
  return [
    alarm(scope, "TableThrottles", throttled, 1, "DynamoDB throttled requests"),
    alarm(scope, "TableErrors", errors, 1, "DynamoDB failed"),
  ];
}

function endpointAlarms(scope: Construct, { httpApi }: Endpoint): Alarm[] {
  if (!httpApi) return [];
  return [
    alarm(scope, "HttpErrors", httpApi.metricServerError({ period, statistic: "Sum" }), 1, "the HTTP API answered 5xx"),
  ];
}

function alarm(scope: Construct, id: string, metric: IMetric, threshold: number, description: string): Alarm {
  return new Alarm(scope, `${id}Alarm`, {
    metric,
    threshold,
    evaluationPeriods: 1,
    comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
    treatMissingData: TreatMissingData.NOT_BREACHING,
    alarmDescription: `Volley: ${description}`,
  });
}

function addDashboard(scope: Construct, named: readonly Named[], { table, endpoint }: Monitored): void {
  const each = (metric: (target: LambdaFunction) => Metric) =>
    named.map(({ name, function: target }) => metric(target).with({ label: name }));
  const rows: IWidget[][] = [
    [
      new TextWidget({
        markdown: "# Volley\nSQL over object storage. What each graph means: docs/operations.md",
        width: 24,
        height: 2,
      }),
    ],
    [
      graph(
        "Invocations",
        each((target) => target.metricInvocations({ period })),
      ),
      graph("Errors and throttles", [
        ...each((target) => target.metricErrors({ period })),
        ...named.map(({ name, function: target }) => target.metricThrottles({ period, label: `${name} throttled` })),
      ]),
      graph(
        "Running at once",
        each((target) => target.metric("ConcurrentExecutions", { period, statistic: "Maximum" })),
      ),
    ],
    [
      graph(
        "Duration, p95 (ms)",
        each((target) => target.metricDuration({ period, statistic: "p95" })),
      ),
      graph(
        "Oldest waiting event (ms)",
        each((target) => target.metric("AsyncEventAge", { period, statistic: "Maximum" })),
      ),
      graph("GB-seconds", gigabyteSeconds(named)),
    ],
    [
      graph("Table: units", [
        table.metricConsumedReadCapacityUnits({ period, label: "read" }),
        table.metricConsumedWriteCapacityUnits({ period, label: "write" }),
      ]),
      graph("Table: throttles", [
        table.metricThrottledRequestsForOperations({ operations, period, label: "throttled" }),
      ]),
      graph("HTTP", endpointMetrics(endpoint)),
    ],
  ];
  new Dashboard(scope, "Dashboard", { widgets: rows });
}

function graph(title: string, left: IMetric[]): GraphWidget {
  return new GraphWidget({ title, left, width: 8, height: 6 });
}

/** What is billed: memory times the sum of durations. */
function gigabyteSeconds(named: readonly Named[]): IMetric[] {
  return named.map(({ name, memoryMiB, function: target }, i) => {
    return new MathExpression({
      expression: `duration${i} / 1000 * ${memoryMiB / 1024}`,
      usingMetrics: { [`duration${i}`]: target.metricDuration({ period, statistic: "Sum" }) },
      label: name,
      period,
    });
  });
}

function endpointMetrics({ httpApi }: Endpoint): IMetric[] {
  if (!httpApi) return [];
  return [
    httpApi.metricCount({ period, label: "requests" }),
    httpApi.metricClientError({ period, label: "4xx" }),
    httpApi.metricServerError({ period, label: "5xx" }),
  ];
}

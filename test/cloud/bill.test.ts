/** The bill: what a query says it used is what the emulators counted, whatever happens to it. */
import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { noFaults } from "../../lib/dev/faults.ts";
import { assertExact, bill } from "./support/bill.ts";
import { manyTasks, TpchCloud, tpchQuery, until } from "./support/tpch-cloud.ts";

let world: TpchCloud;

before(async () => {
  world = await TpchCloud.start({ executors: 2, variables: { ...manyTasks, VOLLEY_HEARTBEAT_S: "0.5" } });
});
after(() => world?.close());
afterEach(() => Object.assign(world.cloud.faults, noFaults));

const slow =
  "select count(*), sum(a.l_quantity) from lineitem a, lineitem b where a.l_linenumber = b.l_linenumber and a.l_comment < b.l_comment";
const executorsRun = () => until(() => world.cloud.executors.some((each) => each.running > 0));

describe("the bill is what the emulators counted", () => {
  for (const number of [1, 3, 18]) {
    it(`of TPC-H query ${number}`, async () => assertExact(await bill(world, tpchQuery(number))));
  }

  it("with retries: S3 slows down, DynamoDB and Lambda throttle", async () => {
    Object.assign(world.cloud.faults, { s3SlowDown: 0.1, dynamoThrottle: 0.1, invokeThrottle: 0.2 });
    assertExact(await bill(world, tpchQuery(3)));
  });

  it("with attempts that lose: events are delivered twice", async () => {
    const billed = await bill(world, tpchQuery(3), async () => {
      await until(() => world.cloud.scheduler.running > 0);
      world.cloud.faults.eventTwice = 0.5;
    });
    assertExact(billed);
    const { stages } = billed.body;
    const tasks = stages.reduce((sum, stage) => sum + stage.tasks, 0);
    assert.ok(billed.usage.lambdaInvocations > tasks + 1, "nothing was delivered twice");
  });

  it("of a query that is cancelled: its attempts report when they see it", async () => {
    const billed = await bill(world, slow, async ({ id }) => {
      await executorsRun();
      await world.client.cancel(id);
    });
    assert.equal(billed.body.status, "cancelled");
    assert.ok(billed.body.stages.some(({ tasks, done }) => done < tasks));
    assertExact(billed);
  });

  it("of a query that fails while other tasks run", async () => {
    const billed = await bill(
      world,
      "select count(*) from lineitem a, lineitem b where a.l_suppkey = b.l_suppkey and 1 // (a.l_orderkey - 3) > b.l_orderkey",
    );
    assert.equal(billed.body.error?.code, "invalid_argument", billed.body.error?.message);
    assertExact(billed);
  });
});

describe("limits", () => {
  it("stop a query before it starts when it is sure to pass them", async () => {
    const { client, cloud } = world;
    const before = cloud.executors.reduce((sum, each) => sum + each.counts.invocations, 0);
    const all = "select sum(l_quantity), sum(l_tax), min(l_comment) from lineitem";
    for (const [limit, message] of [
      [{ maxBytes: 1000 }, /would read about \d+ bytes, and its limit is 1000 bytes/],
      [{ maxCost: 1e-7 }, /would cost about \$[\d.e-]+, and its limit is \$1e-7/],
    ] as const) {
      await assert.rejects(client.query(all, limit), { code: "limit_exceeded", message });
    }
    assert.equal(
      cloud.executors.reduce((sum, each) => sum + each.counts.invocations, 0),
      before,
    );
  });

  it("stop a query that passes them while it runs", async () => {
    await assert.rejects(world.client.query(slow, { maxCost: 0.00005 }), {
      code: "limit_exceeded",
      message: /cost more than its limit of \$0.00005/,
    });
    // Whether the filter spares pages is not known before.
    await assert.rejects(
      world.client.query("select count(*) from lineitem where l_comment > 'f'", { maxBytes: 1000 }),
      {
        code: "limit_exceeded",
        message: /read more than its limit of 1000 bytes/,
      },
    );
  });
});

describe("what queries cost is shown", () => {
  it("by EXPLAIN beforehand, about as it comes to be", async () => {
    const { client } = world;
    for (const number of [1, 3, 18]) {
      const plan = await client.rows(`explain (cost) ${tpchQuery(number)}`);
      const [, text = ""] = plan[0]!;
      assert.match(
        text,
        /^reads up to [\d.]+ [KM]iB of \d+ files.*; \d+ stages, \d+ tasks\ncosts about \$0\.0+\d+ on functions: .*\nprices of us-east-1 on 2026-11-01$/,
      );
      const { usage, id, cost, stages } = await client.query(tpchQuery(number));
      const response = await client.fetch(`/v1/queries/${id}/plan?format=json`);
      const { estimate } = (await response.json()) as { estimate: import("../../lib/bill/estimate.ts").QueryEstimate };
      assert.equal(
        estimate.tasks,
        stages.reduce((sum, { tasks }) => sum + tasks, 0),
      );
      const near = (estimated: number, actual: number, what: string) =>
        assert.ok(estimated > actual / 4 && estimated < actual * 4, `${what}: estimated ${estimated}, was ${actual}`);
      near(estimate.usage.lambdaInvocations, usage.lambdaInvocations, "invocations");
      near(estimate.usage.s3Gets, usage.s3Gets, "GET");
      near(estimate.usage.s3Puts, usage.s3Puts, "PUT");
      near(estimate.usage.dynamoWriteUnits, usage.dynamoWriteUnits, "write units");
      near(estimate.cost.total, cost.total, "cost");
      assert.ok(estimate.costLeast < cost.total && estimate.bytesLeast <= estimate.bytes);
    }
  });

  it("by EXPLAIN ANALYZE and the API, for each stage and task", async () => {
    const { client } = world;
    const [[, analyzed = ""] = []] = await client.rows(`explain analyze ${tpchQuery(3)}`);
    assert.match(analyzed, /^ {2}cost \$0\.0+\d+: [\d.]+ GB-s; \d+ GET, \d+ PUT; \d+ read units?, \d+ write units?$/m);
    assert.match(analyzed, /^ {4}task \d+: \$0\.0+\d+: /m);
    assert.match(analyzed, /^Cost: \$0\.0+\d+: .* invocations; /m);
    const { id, stages, cost } = await client.query(tpchQuery(3));
    const response = await client.fetch(`/v1/queries/${id}/tasks`);
    const { tasks } = (await response.json()) as { tasks: import("../../lib/service/query-service.ts").TaskInfo[] };
    assert.equal(
      tasks.length,
      stages.reduce((sum, stage) => sum + stage.tasks, 0),
    );
    for (const stage of stages) {
      const own = tasks.filter((task) => task.stage === stage.stage);
      const sum = own.reduce((total, task) => total + task.cost!.total, 0);
      assert.ok(Math.abs(sum - stage.cost!.total) < 1e-9, `stage ${stage.stage}: ${sum}, ${stage.cost!.total}`);
    }
    assert.ok(stages.reduce((sum, stage) => sum + stage.cost!.total, 0) < cost.total);
    const some = await client.fetch(`/v1/queries/${id}/tasks?stage=1`);
    assert.ok(((await some.json()) as { tasks: { stage: number }[] }).tasks.every(({ stage }) => stage === 1));
    assert.equal((await client.fetch("/v1/queries/none/tasks")).status, 404);
  });
});

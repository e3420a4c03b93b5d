/** Whatever becomes of attempts, each is billed once, and what nobody reports is said to be an estimate. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { noUsage, type Usage } from "../../lib/bill/usage.ts";
import { QueryError } from "../../lib/errors.ts";
import type { TaskRecord } from "../../lib/scheduler/ports.ts";
import { QueryBill } from "../../lib/service/query-bill.ts";
import { winOf } from "../scheduler/state-store-conformance.ts";

const gets = (s3Gets: number): Usage => ({ ...noUsage, s3Gets, lambdaGbSeconds: s3Gets });
const start = (task: number, attemptId: string, tier = 0) => ({ stage: 0, generation: 0, task, attemptId, tier });
const record = (task: number, more: Partial<TaskRecord> = {}): TaskRecord => ({ task, failures: [], ...more });
const won = (attemptId: string, usage: Usage, delivery = "d1") => {
  const win = winOf(attemptId, `k.${delivery}`);
  return { win: { ...win, result: { ...win.result, usage } } };
};
const failed = (attemptId: string, usage?: Usage, delivery = "d1", code = "duplicate" as const) => ({
  attempt: 1,
  attemptId,
  delivery,
  error: new QueryError(code, "no").toJSON(),
  ...(usage && { usage }),
});
const lost = (attemptId: string) => ({
  attempt: 1,
  attemptId,
  delivery: "lost",
  error: new QueryError("executor_lost", "no").toJSON(),
});
const open = () => new QueryBill([2, 4], 5000);

describe("the bill of a query's attempts", () => {
  it("has winners, losers and failures, each once however often they are read", () => {
    const bill = open();
    for (const attempt of [start(0, "1-a"), start(0, "2-b"), start(1, "1-c")]) bill.started(attempt);
    assert.equal(bill.open.length, 3);
    const records = [
      record(0, { ...won("2-b", gets(5)), failures: [failed("1-a", gets(3))] }),
      record(1, won("1-c", gets(7))),
    ];
    for (let i = 0; i < 3; i++) bill.read(0, records);
    assert.deepEqual(bill.totals(), { usage: gets(15), estimated: noUsage, unreported: 0 });
    assert.deepEqual(
      [...bill.tasks(0)],
      [
        [0, gets(8)],
        [1, gets(7)],
      ],
    );
    assert.deepEqual(bill.stage(0), gets(15));
    assert.deepEqual(bill.stage(1), noUsage);
    assert.deepEqual(bill.open, []);
  });

  it("bills an invocation that was delivered twice twice", () => {
    const bill = open();
    bill.started(start(0, "1-a"));
    bill.read(0, [record(0, { ...won("1-a", gets(5)), failures: [failed("1-a", gets(4), "d2")] })]);
    assert.deepEqual(bill.totals().usage, { ...gets(9), lambdaInvocations: 1 });
  });

  it("takes one delivery that reported twice once, by its later word", () => {
    const bill = open();
    bill.read(0, [record(0, { ...won("1-a", gets(5)), failures: [failed("1-a", gets(6))] })]);
    assert.deepEqual(bill.totals().usage, gets(6));
  });

  it("bills dead attempts by their last sign of life and a heartbeat more, until they report after all", () => {
    const bill = open();
    bill.started(start(0, "1-a"));
    bill.started(start(0, "2-b", 1));
    bill.read(0, [
      record(0, { failures: [lost("1-a"), lost("2-b")], beats: new Map([["1-a", { atMs: 1, usage: gets(3) }]]) }),
    ]);
    const estimated = { ...noUsage, lambdaGbSeconds: 5 * 2 + 5 * 4 };
    assert.deepEqual(bill.totals(), {
      usage: { ...gets(3), lambdaGbSeconds: 3 + 30 },
      estimated,
      unreported: 2,
    });
    assert.deepEqual(bill.open, [], "nobody waits for the dead");
    bill.read(0, [record(0, { ...won("2-b", gets(1)), failures: [lost("1-a"), lost("2-b"), failed("1-a", gets(4))] })]);
    assert.deepEqual(bill.totals(), { usage: gets(5), estimated: noUsage, unreported: 0 });
  });

  it("waits for those that were started, and gives them up in the end", () => {
    const bill = open();
    bill.started(start(0, "1-a"));
    bill.read(0, [record(0, { beats: new Map([["1-a", { atMs: 1, usage: gets(2) }]]) })]);
    assert.deepEqual(bill.totals(), { usage: gets(2), estimated: noUsage, unreported: 0 });
    assert.equal(bill.open.length, 1);
    bill.giveUpOpen();
    assert.deepEqual(bill.totals().unreported, 1);
    assert.deepEqual(bill.totals().usage.lambdaGbSeconds, 12);
  });

  it("has what handing tasks on took", () => {
    const bill = open();
    bill.read(0, [record(0, { handedOn: [{ ...noUsage, lambdaInvocations: 32 }, gets(1)] })]);
    assert.deepEqual(bill.totals().usage, { ...gets(1), lambdaInvocations: 32 });
    assert.deepEqual(bill.stage(0), { ...gets(1), lambdaInvocations: 32 });
  });
});

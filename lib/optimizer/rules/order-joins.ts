/**
 * Joins in the order that statistics say is cheapest. A block is a tree of inner joins and of the semi, anti, left, mark
 * and single joins on top of them; see docs/design/join-order.md.
 */
import { call } from "../../expr/build.ts";
import type { Expr } from "../../expr/expr.ts";
import { filterPlan, joinPlan, keepColumns, mapInputs, outputIds } from "../../logical/build.ts";
import { joinCondition } from "../../logical/join-condition.ts";
import type { LogicalPlan } from "../../logical/plan.ts";
import { Cardinality } from "../join-order/cardinality.ts";
import { type JoinGraph, joinGraph, largestFirst } from "../join-order/join-graph.ts";
import { type JoinTree, joinOrder } from "../join-order/join-order.ts";
import type { Rule, RuleContext } from "../rule.ts";
import { Estimator } from "../statistics.ts";

export const orderJoins: Rule = {
  name: "order-joins",
  apply: (plan, context) => {
    const estimator = new Estimator(context.snapshot);
    const shared = new Map<number, LogicalPlan>();
    const visit = (node: LogicalPlan): LogicalPlan => {
      if (node.kind === "shared") {
        const input = shared.get(node.id) ?? visit(node.input);
        shared.set(node.id, input);
        return input === node.input ? node : { ...node, input };
      }
      const graph = node.kind === "join" || node.kind === "filter" ? joinGraph(node, visit) : undefined;
      return graph ? ordered(node, graph, estimator, context) : mapInputs(node, visit);
    };
    return visit(plan);
  },
};

function ordered(plan: LogicalPlan, given: JoinGraph, estimator: Estimator, { slots }: RuleContext): LogicalPlan {
  const graph = largestFirst(given, (relation) => estimator.rows(given.relations[relation]!.plan));
  const tree = joinOrder(graph, new Cardinality(graph, estimator), slots);
  const joined = filterPlan(build(tree, graph), graph.above);
  return keepColumns(joined, plan.columns);
}

/** The plan of a tree, each condition as deep as it can be tested. */
function build(tree: JoinTree, graph: JoinGraph): LogicalPlan {
  if ("relation" in tree) {
    const { plan } = graph.relations[tree.relation]!;
    return filterPlan(plan, conditionsAt(graph, tree.set, 0, 0));
  }
  const left = build(tree.left, graph);
  const hung = "relation" in tree.right ? graph.relations[tree.right.relation] : undefined;
  // What reads only the columns that a hung join adds must see them as the join leaves them.
  const now = conditionsAt(graph, tree.set, tree.left.set, hung?.by ? 0 : tree.right.set);
  if (hung?.by) {
    const { joinType, keys, filter, nullAware, mark } = hung.by;
    const options = { keys, filters: filter ? [filter] : [], nullAware, ...(mark && { mark }) };
    return filterPlan(joinPlan(joinType, left, hung.plan, options), now);
  }
  const right = build(tree.right, graph);
  const [leftIds, rightIds] = [outputIds(left), outputIds(right)];
  const equalities = graph.equal.flatMap((columns): Expr[] => {
    const l = columns.find(({ id }) => leftIds.has(id));
    const r = columns.find(({ id }) => rightIds.has(id));
    return l && r ? [call("=", [l, r])] : [];
  });
  return joinPlan("cross", left, right, joinCondition([...equalities, ...now], leftIds, rightIds));
}

/** Conditions that both sides together can test, and neither alone. */
function conditionsAt({ conditions }: JoinGraph, set: number, left: number, right: number): readonly Expr[] {
  const within = (needs: number, part: number) => (needs & part) === needs;
  return conditions
    .filter(({ needs }) => within(needs, set) && !within(needs, left) && !within(needs, right))
    .map(({ expr }) => expr);
}

/** The stage graph as DOT, and as SVG. */
import { formatPhysical } from "../physical/format.ts";
import type { StageGraph } from "../stages/graph.ts";
import { drawDot } from "./draw-dot.ts";
import { formatPartitioning, stageTitle } from "./stages.ts";

export function toDot(graph: StageGraph): string {
  const nodes = graph.stages.map((stage) => {
    const label = [stageTitle(stage, graph), ...formatPhysical(stage.plan).trimEnd().split("\n")];
    return `  s${stage.id} [label="${label.map(escapeLabel).join("\\l")}\\l"];`;
  });
  const edges = graph.stages.flatMap((stage) =>
    stage.inputs.map((input) => {
      const label = formatPartitioning(graph.stages[input]!.output);
      return `  s${input} -> s${stage.id} [label="${escapeLabel(label)}"];`;
    }),
  );
  const style = '  node [shape=box, fontname="monospace", fontsize=10];\n  edge [fontname="monospace", fontsize=9];';
  return `digraph stages {\n  rankdir=BT;\n${style}\n${[...nodes, ...edges].join("\n")}\n}\n`;
}

export function toSvg(graph: StageGraph): Promise<string> {
  return drawDot(toDot(graph));
}

function escapeLabel(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"');
}

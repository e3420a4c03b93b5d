/** DOT text as SVG, drawn by Graphviz (compiled to WebAssembly). */
export async function drawDot(dot: string): Promise<string> {
  const { instance } = await import("@viz-js/viz");
  return (await instance()).renderString(dot, { format: "svg" });
}

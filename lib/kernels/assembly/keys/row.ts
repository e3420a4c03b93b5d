// The row that position i of a selection stands for (selection 0: all rows).

@inline export function row(selection: usize, i: u32): usize {
  return selection ? <usize>load<u32>(selection + (i << 2)) : <usize>i;
}

// The entry point of attention over packed rows: calls the including kernel's `attend` for one row and head a thread.
//
// Without LANES every thread goes its own way, and `first` and `last` are its row. With LANES a workgroup is one subgroup, and
// they are its first and last row: all its lanes visit whatever any of them sees, each reads one chunk of it and shows it to
// the others (instead of each reading the whole), and what a row does not see counts as nothing for it. A thread past the
// last row repeats that one and is not `stored`.
#if LANES
enable subgroups;

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let first = group.x * LANES;
  let last = min(first + LANES, batch.tokens) - 1u;
  attend(min(first + thread, last), group.y, first, last, lane, first + thread <= last);
}
#else
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x < batch.tokens) { attend(id.x, id.y, id.x, id.x, 0u, true); }
}
#endif

// Memory for the host: 16-byte aligned, zeroed, so that no load of four lanes crosses a cache line.

/** @returns the address; traps when the memory cannot grow */
export function allocate(bytes: usize): usize {
  const address = heap.alloc(bytes);
  memory.fill(address, 0, bytes);
  return address;
}

export function release(address: usize): void {
  heap.free(address);
}

/** Bytes of `count` 32-bit numbers. */
export function words(count: i32): usize {
  return (<usize>count) << 2;
}

/**
 * Counts the bytes that pass through this worker's `fetch` while Pyodide starts, for a progress bar.
 *
 * Responses keep their status and headers, so WebAssembly still compiles while it streams.
 */

/** Wraps the global `fetch`. `report` gets the bytes so far and the total, null where a server does not give one. */
export function countDownloads(report: (loadedBytes: number, totalBytes: number | null) => void): void {
  const original = globalThis.fetch.bind(globalThis);
  let loaded = 0;
  let total: number | null = 0;

  globalThis.fetch = async (input, init) => {
    const response = await original(input, init);
    if (!response.ok || response.body === null) return response;
    // The length of a compressed body says nothing about the bytes that come out of it.
    const length = response.headers.has('content-encoding') ? null : response.headers.get('content-length');
    total = length === null || total === null ? null : total + Number(length);
    const counter = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
      transform(chunk, controller) {
        loaded += chunk.byteLength;
        report(loaded, total);
        controller.enqueue(chunk);
      },
    });
    const { status, statusText, headers } = response;
    return new Response(response.body.pipeThrough(counter), { status, statusText, headers });
  };
}

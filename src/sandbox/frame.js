/* The whole of what runs in the frame beside Python's workers; pythonFrame.ts is its counterpart in the page. No cell reaches it.
   Its hash stands in the page's content policy (public/_headers): a test says what it must be. */
onmessage = ({ source, data: { script, wasm, snapshot, ...files }, ports: [page] }) => {
  if (source !== parent) return;
  onmessage = null;
  const url = URL.createObjectURL(new Blob([script], { type: 'text/javascript' }));
  const compiling = WebAssembly.compile(wasm);
  const workers = new Map();
  let isAsked = false;
  page.onmessage = async ({ data: { type, id }, ports: [port] }) => {
    if (type === 'stop') {
      workers.get(id)?.terminate();
      workers.delete(id);
      page.postMessage({ type: 'stopped', id });
      return;
    }
    const fail = (reason) => page.postMessage({ type: 'failed', id, reason });
    try {
      const worker = new Worker(url);
      workers.set(id, worker);
      worker.onerror = (event) => fail(event.message || 'its script could not be run');
      const makesSnapshot = snapshot === null && !isAsked;
      isAsked = true;
      // One answer, which comes before the worker's first cell: what a worker says later is not heard.
      if (makesSnapshot) {
        worker.onmessage = ({ data }) => {
          worker.onmessage = null;
          snapshot = data;
        };
      }
      worker.postMessage({ ...files, module: await compiling, snapshot, makesSnapshot }, [port]);
    } catch (error) {
      fail(String(error));
    }
  };
};

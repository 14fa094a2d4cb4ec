/**
 * The service worker for hosts that cannot send headers: it adds the two that make a page cross-origin isolated, without which the
 * engine has one thread. It keeps nothing and changes nothing else. src/lab/isolation.ts registers it, and says when.
 *
 * Only documents and workers need the headers; all other requests go their way untouched. A page with `?isolate=0` does as well.
 */
const headers = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};
const needing = ['document', 'iframe', 'worker', 'sharedworker'];

// A newer version takes over at once: it has nothing to migrate.
self.addEventListener('install', () => self.skipWaiting());

self.addEventListener('fetch', (event) => {
  const { url, destination } = event.request;
  const { origin, searchParams } = new URL(url);
  if (origin !== self.location.origin || !needing.includes(destination)) return;
  if (searchParams.get('isolate') === '0') return;
  event.respondWith(isolated(event.request));
});

async function isolated(request) {
  const response = await fetch(request);
  // A redirect is opaque here, and followed by the browser: its target comes through again.
  if (response.type === 'opaqueredirect' || response.type === 'error') return response;
  const { status, statusText } = response;
  const all = new Headers(response.headers);
  for (const [name, value] of Object.entries(headers)) all.set(name, value);
  return new Response(response.body, { status, statusText, headers: all });
}

/**
 * Opens the page: one store, one React root.
 */
import { createRoot } from 'react-dom/client';
import { createLabStore } from './lab/browser.ts';
import { App } from './ui/app/App.tsx';

const root = document.getElementById('root');
if (root === null) throw new Error('index.html has no element #root.');
createRoot(root).render(<App store={createLabStore()} />);

/**
 * Opens the page: one store, one React root. A page that is about to load again is not opened.
 */
import { createRoot } from 'react-dom/client';
import { createLabStore, preparePage } from './lab/browser.ts';
import { App } from './ui/app/App.tsx';

const root = document.getElementById('root');
if (root === null) throw new Error('index.html has no element #root.');
if (!(await preparePage())) createRoot(root).render(<App store={createLabStore()} />);

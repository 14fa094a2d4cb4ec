/**
 * Opens the page: one React root, in it the lesson or the instrument. A page that is about to load again is not opened.
 */
import { createRoot } from 'react-dom/client';
import { browserIsolation, isolatePage } from './lab/isolation.ts';
import { Views } from './ui/Views.tsx';

const root = document.getElementById('root');
if (root === null) throw new Error('index.html has no element #root.');
if (!(await isolatePage(browserIsolation()))) createRoot(root).render(<Views />);

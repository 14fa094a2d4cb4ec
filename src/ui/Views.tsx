/**
 * The page's two views, the lesson and the instrument, and which of them is shown. Each is loaded when it is first shown; both share one
 * store, made when first needed, so that runs go on when the view changes.
 */
import { lazy, Suspense, use, useCallback, useEffect, useState } from 'react';
import { rememberedView, rememberView } from '../lab/lesson/browser.ts';
import { viewOf, type View } from '../lab/lesson/link.ts';
import type { LabStore } from '../lab/state.ts';
import type { LabAccess } from './scene/useLive.ts';
import { fontsReady } from './app/fontsReady.ts';

// A view's style sheet, which names the typefaces, is there once its part has been loaded.
const SceneView = lazy(async () => {
  const part = await import('./scene/SceneView.tsx');
  await fontsReady();
  return { default: part.SceneView };
});
const App = lazy(async () => {
  const part = await import('./app/App.tsx');
  await fontsReady();
  return { default: part.App };
});

let opening: Promise<LabStore> | null = null;
let opened: LabStore | null = null;
/** The lab's store. Made once: it starts workers. */
const lab: LabAccess = {
  open: () =>
    (opening ??= import('../lab/browser.ts').then((part) => {
      opened = part.createLabStore();
      return opened;
    })),
  now: () => opened,
};

const asked = (): View => viewOf(location.search) ?? rememberedView() ?? 'lesson';

interface Shown {
  readonly view: View;
  readonly query: string;
}
const here = (): Shown => ({ view: asked(), query: location.search });

export function Views() {
  const [shown, show] = useState(here);
  useEffect(() => {
    const back = () => show(here());
    window.addEventListener('popstate', back);
    return () => window.removeEventListener('popstate', back);
  }, []);
  const go = useCallback((view: View, query: string) => {
    rememberView(view);
    history.pushState(null, '', query);
    show({ view, query });
    window.scrollTo(0, 0);
  }, []);
  const toLab = useCallback(() => go('lab', '?view=lab'), [go]);
  const toLesson = useCallback((name: string) => go('lesson', `?lesson=${name}`), [go]);
  return (
    <Suspense fallback={null}>
      {shown.view === 'lab' ? (
        <Instrument />
      ) : (
        <SceneView query={shown.query} onLab={toLab} onLesson={toLesson} lab={lab} />
      )}
    </Suspense>
  );
}

function Instrument() {
  return <App store={use(lab.open())} />;
}

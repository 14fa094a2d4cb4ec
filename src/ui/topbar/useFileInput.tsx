/**
 * Files that somebody chooses: a hidden input, and a function that shows the browser's dialog.
 */
import { useCallback, useRef } from 'react';
import { useLabActions } from '../app/lab.tsx';

interface Wanted {
  readonly label: string;
  readonly testId: string;
  /** One file or several of these endings, or a whole folder. */
  readonly what: { readonly accept: string; readonly multiple: boolean } | 'folder';
  readonly onChosen: (files: readonly File[]) => void;
}

function useHiddenInput({ label, testId, what, onChosen }: Wanted) {
  const input = useRef<HTMLInputElement>(null);
  const ask = useCallback(() => input.current?.click(), []);
  return {
    ask,
    input: (
      <input
        ref={(element) => {
          input.current = element;
          // React has no name for it.
          if (what === 'folder') element?.setAttribute('webkitdirectory', '');
        }}
        type="file"
        {...(what === 'folder' ? { multiple: true } : what)}
        aria-label={label}
        data-testid={testId}
        hidden
        onChange={(event) => {
          const files = [...(event.target.files ?? [])];
          event.target.value = '';
          if (files.length > 0) onChosen(files);
        }}
      />
    ),
  };
}

/** Opens a file of the lab, a run or a study. */
export function useFileInput(label: string, testId: string) {
  const actions = useLabActions();
  return useHiddenInput({
    ...{ label, testId },
    what: { accept: '.json,.gz,application/json', multiple: false },
    onChosen: ([file]) => {
      if (file !== undefined) void actions.openFile(file, file.name);
    },
  });
}

/** Takes a model from elsewhere. @param isFolder whole folders instead of files */
export function useModelInput(label: string, testId: string, isFolder: boolean) {
  const actions = useLabActions();
  return useHiddenInput({
    ...{ label, testId },
    what: isFolder ? 'folder' : { accept: '.zip,.safetensors,.json', multiple: true },
    onChosen: (files) =>
      void actions.beginFromModel(
        files.map((file) => ({
          name: file.webkitRelativePath === '' ? file.name : file.webkitRelativePath,
          blob: file,
        })),
      ),
  });
}

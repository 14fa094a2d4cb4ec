/**
 * Takes a model from elsewhere: a hidden input for its files or its folder, and a function that shows the browser's dialog.
 */
import { useCallback, useRef } from 'react';
import { useLabActions } from '../app/lab.tsx';

/** @param isFolder whole folders instead of files */
export function useModelInput(label: string, testId: string, isFolder: boolean) {
  const actions = useLabActions();
  const input = useRef<HTMLInputElement>(null);
  const ask = useCallback(() => input.current?.click(), []);
  return {
    ask,
    input: (
      <input
        ref={(element) => {
          input.current = element;
          // React has no name for it.
          if (isFolder) element?.setAttribute('webkitdirectory', '');
        }}
        type="file"
        multiple
        {...(isFolder ? {} : { accept: '.zip,.safetensors,.json' })}
        aria-label={label}
        data-testid={testId}
        hidden
        onChange={(event) => {
          const files = [...(event.target.files ?? [])].map((file) => ({
            name: file.webkitRelativePath === '' ? file.name : file.webkitRelativePath,
            blob: file,
          }));
          event.target.value = '';
          if (files.length > 0) void actions.beginFromModel(files);
        }}
      />
    ),
  };
}

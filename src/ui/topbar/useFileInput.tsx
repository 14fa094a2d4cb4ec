/**
 * Opens a file of the lab, a run or a study: a hidden input, and a function that shows the browser's file dialog.
 */
import { useCallback, useRef } from 'react';
import { useLabActions } from '../app/lab.tsx';

export function useFileInput(label: string, testId: string) {
  const actions = useLabActions();
  const input = useRef<HTMLInputElement>(null);
  const ask = useCallback(() => input.current?.click(), []);
  return {
    ask,
    input: (
      <input
        ref={input}
        type="file"
        accept=".json,.gz,application/json"
        aria-label={label}
        data-testid={testId}
        hidden
        onChange={(event) => {
          const file = event.target.files?.[0];
          event.target.value = '';
          if (file !== undefined) void actions.openFile(file, file.name);
        }}
      />
    ),
  };
}

/**
 * How the charts draw a run: its colour and its dash, as a short line.
 */
import { runStyle } from '../app/runStyle.ts';

export function RunSwatch({ colour, dash }: { readonly colour: number; readonly dash: number }) {
  const style = runStyle(colour, dash);
  return (
    <svg width="26" height="10" viewBox="0 0 26 10" aria-hidden="true" style={{ flex: 'none' }}>
      <path d="M1 5h24" fill="none" stroke={style.colour} strokeWidth="3" strokeDasharray={style.dash} />
    </svg>
  );
}

/**
 * Bytes that come in pieces as whole lines: what the command line and its Python's process speak.
 */
import { StringDecoder } from 'node:string_decoder';

export class Lines {
  readonly #decoder = new StringDecoder('utf8');
  #rest = '';

  /** Characters of a line that has not ended. */
  get unfinished(): number {
    return this.#rest.length;
  }

  /** @returns the lines that end in this piece */
  take(bytes: Buffer): string[] {
    const lines = (this.#rest + this.#decoder.write(bytes)).split('\n');
    this.#rest = lines.pop() ?? '';
    return lines;
  }
}

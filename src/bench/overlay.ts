/** Put `value` before an object's method. Dawn's methods in Node are not writable, but an object's own property may stand before them. */
export function overlay(object: object, name: string, value: unknown): void {
  Object.defineProperty(object, name, { value, configurable: true });
}

/**
 * Hands a file to the person: the browser's own download.
 */
export function save(file: { readonly name: string; readonly blob: Blob }): void {
  const address = URL.createObjectURL(file.blob);
  const link = document.createElement('a');
  link.href = address;
  link.download = file.name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

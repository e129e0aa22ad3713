/** Hands a text to the reader as a file. */
export function saveText(name: string, type: string, text: string): void {
  saveBytes(name, type, new TextEncoder().encode(text));
}

export function saveBytes(name: string, type: string, bytes: Uint8Array<ArrayBuffer>): void {
  const address = URL.createObjectURL(new Blob([bytes], { type }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  // Not at once: the browser reads it after this.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

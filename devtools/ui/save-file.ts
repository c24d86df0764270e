/** So many characters are made bytes of in one go, while the page stands still. */
const SLICE = 1_000_000;

/** Hands a text to the browser's downloads. A long one is taken over bit by bit: the page goes on meanwhile. */
export async function saveFile(name: string, text: string, type = 'application/json'): Promise<void> {
  const url = URL.createObjectURL(await blobOf(text, type));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The download has its own hold on the data once the click was handled.
  setTimeout(() => URL.revokeObjectURL(url));
}

async function blobOf(text: string, type: string): Promise<Blob> {
  const parts: Blob[] = [];
  for (let start = 0; start < text.length; ) {
    // Between two lines: never in the middle of a character.
    const lineEnd = text.indexOf('\n', start + SLICE);
    const end = lineEnd < 0 ? text.length : lineEnd;
    if (start > 0) await new Promise((resume) => setTimeout(resume));
    parts.push(new Blob([text.slice(start, end)]));
    start = end;
  }
  return new Blob(parts, { type });
}

// What the demo prints: one line of progress that is written over, and tables.

const live = process.stdout.isTTY === true;
// Where lines cannot be written over, a line a second is enough.
const PLAIN_EVERY_MS = 1000;
let lastPlainMs = 0;
let width = 0;

export function say(text = "") {
  endProgress();
  console.log(text);
}

/** Shows how far something is. The last call of a phase should be its end, which is always shown. */
export function progress(text, isEnd = false) {
  if (live) {
    process.stdout.write(`\r${text.padEnd(width)}`);
    width = text.length;
    if (isEnd) endProgress();
  } else if (isEnd || Date.now() - lastPlainMs >= PLAIN_EVERY_MS) {
    lastPlainMs = Date.now();
    console.log(text);
  }
}

/** Prints rows of two columns, the second aligned to the right. */
export function table(rows) {
  const left = Math.max(...rows.map(([name]) => name.length));
  const right = Math.max(...rows.map(([, value]) => String(value).length));
  for (const [name, value] of rows) say(`  ${name.padEnd(left)}  ${String(value).padStart(right)}`);
}

function endProgress() {
  if (width > 0) process.stdout.write("\n");
  width = 0;
}

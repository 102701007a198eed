// Fails when the JavaScript a student's browser loads is over the budget (gzip, as servers send it).
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { dirname, join, normalize } from "node:path";
import { gzipSync } from "node:zlib";

const BUDGET_KB = 250;
const root = fileURLToPath(new URL("../../signaling/static/", import.meta.url));
const html = readFileSync(join(root, "index.html"), "utf8");
const seen = new Map();

function visit(file) {
  if (seen.has(file)) return;
  const text = readFileSync(join(root, file), "utf8");
  seen.set(file, gzipSync(text, { level: 9 }).length);
  // Static and dynamic imports alike: every chunk a page may load counts.
  for (const [, target] of text.matchAll(/["'`]((?:\.{0,2}\/)?[\w./-]+\.js)["'`]/g)) {
    const path = target.startsWith("/")
      ? target.slice(1)
      : target.startsWith(".")
        ? normalize(join(dirname(file), target))
        : target;
    try {
      visit(path);
    } catch {
      // A string that only looks like a chunk's name.
    }
  }
}

for (const [, src] of html.matchAll(/(?:src|href)="\/([^"]+\.js)"/g)) visit(src);
let total = 0;
for (const [file, bytes] of seen) {
  total += bytes;
  console.log(`${(bytes / 1000).toFixed(1).padStart(8)} kB  ${file}`);
}
console.log(`${(total / 1000).toFixed(1).padStart(8)} kB  together (budget ${BUDGET_KB} kB)`);
if (seen.size === 0 || total > BUDGET_KB * 1000) process.exit(1);

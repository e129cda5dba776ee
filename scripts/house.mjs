// Draws the rooms of src and what they import into docs/house.md; with --check it only tells whether the picture is true.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';

const PAGE = 'docs/house.md';
const PICTURE = /(?<=<!-- drawn by scripts\/house.mjs -->\n)[\s\S]*?(?=<!-- end -->)/;

/** Rooms by what they import: `{ cli: Set { 'plan', ... } }`. */
function roomsOf({ modules }) {
  const roomOf = (path) => /^src\/([^/]+)\//.exec(path)?.[1];
  const rooms = new Map();
  for (const { source, dependencies } of modules) {
    const room = roomOf(source);
    if (room === undefined) continue;
    const below = rooms.get(room) ?? rooms.set(room, new Set()).get(room);
    for (const { resolved } of dependencies) {
      const other = roomOf(resolved);
      if (other !== undefined && other !== room) below.add(other);
    }
  }
  return rooms;
}

/** Whether a room imports another one by way of a third: that line says nothing more. */
function isIndirect(rooms, from, to) {
  const reaches = (room, seen = new Set()) =>
    [...(rooms.get(room) ?? [])].some(
      (next) => next === to || (!seen.has(next) && reaches(next, seen.add(next))),
    );
  return [...rooms.get(from)].some((between) => between !== to && reaches(between));
}

function draw(rooms) {
  const names = [...rooms.keys()].sort();
  const lines = names.flatMap((from) =>
    [...rooms.get(from)]
      .sort()
      .filter((to) => !isIndirect(rooms, from, to))
      .map((to) => `  ${from} --> ${to}`),
  );
  return `\n\`\`\`mermaid\nflowchart TD\n${lines.join('\n')}\n\`\`\`\n\n`;
}

const cruise = ['src', '--config', '.dependency-cruiser.mjs', '--output-type', 'json'];
const found = JSON.parse(
  execFileSync('node_modules/.bin/depcruise', cruise, { encoding: 'utf8', maxBuffer: 64 << 20 }),
);
const page = readFileSync(PAGE, 'utf8');
const drawn = page.replace(PICTURE, () => draw(roomsOf(found)));
if (!process.argv.includes('--check')) writeFileSync(PAGE, drawn);
else if (drawn !== page) {
  process.stderr.write(`${PAGE} does not show the house as it is: npm run house draws it again\n`);
  process.exitCode = 1;
}

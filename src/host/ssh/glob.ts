/**
 * Whether a name matches a pattern of ssh's, in which `*` stands for anything and `?` for one character; upper and
 * lower case are the same. Takes no longer than the product of both lengths, whatever the pattern is.
 */
export function matchesGlob(pattern: string, name: string): boolean {
  const wanted = pattern.toLowerCase();
  const text = name.toLowerCase();
  let at = 0;
  let star = -1;
  let retry = 0;
  let place = 0;
  while (place < text.length) {
    if (wanted[at] === '*') {
      star = at++;
      retry = place;
    } else if (at < wanted.length && (wanted[at] === '?' || wanted[at] === text[place])) {
      at++;
      place++;
    } else if (star === -1) {
      return false;
    } else {
      // The last star takes one character more.
      at = star + 1;
      place = ++retry;
    }
  }
  while (wanted[at] === '*') at++;
  return at === wanted.length;
}

/** Whether a name matches one of the patterns, and none that begins with an exclamation mark. */
export function matchesAny(patterns: readonly string[], name: string): boolean {
  const negated = patterns.filter((pattern) => pattern.startsWith('!'));
  return (
    !negated.some((pattern) => matchesGlob(pattern.slice(1), name)) &&
    patterns.some((pattern) => !pattern.startsWith('!') && matchesGlob(pattern, name))
  );
}

/** One tmpfiles.d line per bind source that is missing, made for the installing user, root. */
export function generatedTmpfiles(missing: readonly string[]): string {
  return missing.map((path) => `d    ${escapePath(path)}   0700 0 0 - -\n`).join('');
}

/** Types of lines that make a directory and leave it when the file is removed (tmpfiles.d(5)). */
const DIRECTORY_LINE = /^[dDvqQ][!\-+=~^$]*$/;

/** Directories that a tmpfiles.d text makes, apart from those named by specifiers such as %t. */
export function directoriesMadeBy(tmpfiles: string): readonly string[] {
  const paths = tmpfiles.split('\n').flatMap((line) => {
    const [type = '', path = ''] = line.trim().split(/\s+/);
    const plain = path.replaceAll('%%', '');
    return DIRECTORY_LINE.test(type) && path.startsWith('/') && !/[%"'\\]/.test(plain)
      ? [path.replaceAll('%%', '%').replace(/\/+$/, '')]
      : [];
  });
  return [...new Set(paths)].filter((path) => path !== '');
}

function escapePath(path: string): string {
  const escaped = path.replaceAll('%', '%%');
  return /[\s"'\\]/.test(path) ? `"${escaped.replace(/["\\]/g, '\\$&')}"` : escaped;
}

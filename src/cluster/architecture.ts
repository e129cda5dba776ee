/** `uname -m` by the names that images have for architectures (GOARCH). */
const ARCHITECTURES: Readonly<Record<string, string>> = { x86_64: 'amd64', aarch64: 'arm64' };

/** The architecture of images for a machine: `amd64` for `x86_64`; what is unknown is its own name. */
export const imageArchitecture = (machine: string): string => ARCHITECTURES[machine] ?? machine;

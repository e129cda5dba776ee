export { machineCapabilities } from './capabilities.ts';
export { type HostFileConflict, hostFileConflicts, type PlannedContainer } from './conflicts.ts';
export { type ImageInputs, readSystemImage, type SystemImage } from './image.ts';
export {
  type InstallOptions,
  type InstallRequest,
  type InstallResult,
  installSystemContainer,
} from './install.ts';
export type { LayerScan } from './layer-entry.ts';
export { cachedLayerScan } from './layer-scan.ts';
export { type UnpackOptions, unpackLayers } from './layer-store.ts';
export { type ListedContainer, listSystemContainers } from './list.ts';
export { MAY_BE_READ_ONLY, programDirectory } from './read-only-usr.ts';
export { startSystemContainer } from './service.ts';
export { type UninstallResult, uninstallSystemContainer } from './uninstall.ts';

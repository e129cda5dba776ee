export { machineCapabilities } from './capabilities.ts';
export { type HostFileConflict, hostFileConflicts, type PlannedContainer } from './conflicts.ts';
export { type ImageInputs, readSystemImage, type SystemImage } from './image.ts';
export {
  type InstallOptions,
  type InstallRequest,
  type InstallResult,
  installSystemContainer,
} from './install.ts';
export { findDeployments, type Installed, requireListed } from './installed.ts';
export { type JournalOptions, readJournal } from './journal.ts';
export type { LayerScan } from './layer-entry.ts';
export { cachedLayerScan, forgetLayerScan } from './layer-scan.ts';
export { type UnpackOptions, unpackLayers } from './layer-store.ts';
export { type ListedContainer, listSystemContainers } from './list.ts';
export { defaultName } from './names.ts';
export { type Garbage, pruneSystemContainers } from './prune.ts';
export { MAY_BE_READ_ONLY, programDirectory } from './read-only-usr.ts';
export { type RemoteRootfs, useRemoteRootfs } from './remote-rootfs.ts';
export { type RollbackResult, rollbackSystemContainer } from './rollback.ts';
export { type RunOnceRequest, type RunOnceResult, runOnce } from './run-once.ts';
export { startSystemContainer, startUntilHealthy } from './service.ts';
export { type StoredImage, storedImages } from './stored-images.ts';
export type { HealthLimit } from './switch-files.ts';
export { type UninstallResult, uninstallSystemContainer } from './uninstall.ts';
export {
  activateSystemContainer,
  type UpdateRequest,
  type UpdateResult,
  updateSystemContainer,
} from './update.ts';

export { findDeployments, type Installed, requireListed } from './change/installed.ts';
export { type JournalOptions, readJournal } from './change/journal.ts';
export { type UnpackOptions, unpackLayers } from './change/layer-store.ts';
export { startSystemContainer, startUntilHealthy } from './change/service.ts';
export type { HealthLimit } from './change/switch-files.ts';
export { type HostFileConflict, hostFileConflicts, type PlannedContainer } from './conflicts.ts';
export { type ListedContainer, listSystemContainers } from './deployment/list.ts';
export { MAY_BE_READ_ONLY, programDirectory } from './host-file/read-only-usr.ts';
export { type ImageInputs, readSystemImage, type SystemImage } from './image/image.ts';
export { type RemoteRootfs, useRemoteRootfs } from './image/remote-rootfs.ts';
export {
  type InstallOptions,
  type InstallRequest,
  type InstallResult,
  installSystemContainer,
} from './install.ts';
export type { LayerScan } from './layer/entry.ts';
export { cachedLayerScan, forgetLayerScan } from './layer/scan.ts';
export { machineCapabilities } from './machine/capabilities.ts';
export { defaultName } from './machine/names.ts';
export { type Garbage, pruneSystemContainers } from './prune.ts';
export { type RollbackResult, rollbackSystemContainer } from './rollback.ts';
export { type RunOnceRequest, type RunOnceResult, runOnce } from './run-once.ts';
export { type StoredImage, storedImages } from './stored-images.ts';
export { type UninstallResult, uninstallSystemContainer } from './uninstall.ts';
export {
  activateSystemContainer,
  type UpdateRequest,
  type UpdateResult,
  updateSystemContainer,
} from './update.ts';

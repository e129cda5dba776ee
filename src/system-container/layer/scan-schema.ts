import { z } from 'zod';
import { isLinkTarget, LAYER_SCAN_VERSION, type LayerScan, layerPath } from './entry.ts';

/** A path as layerPath() gives it. */
const path = z.string().refine((text) => text !== '' && layerPath(text) === text);
const mode = z.int().min(0).max(0o7777);

const Entry = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('directory'), path, mode, owner: z.string().regex(/^\d+:\d+$/) }),
  z.strictObject({
    ...{ type: z.literal('file'), path, mode },
    ...{ sha256: z.string().optional(), text: z.string().optional() },
  }),
  z.strictObject({ type: z.literal('link'), path, target: z.string().refine(isLinkTarget) }),
]);

const Scan = z.strictObject({
  version: z.literal(LAYER_SCAN_VERSION),
  digest: z.string(),
  entries: z.array(Entry),
  whiteouts: z.array(path),
  opaque: z.array(z.union([path, z.literal('')])),
  leftOut: z.array(z.string()),
  guarded: z.boolean(),
  fingerprint: z.string(),
  unpackedSize: z.int().min(0),
});

/** Reads a layer's scan as it was kept as JSON. Throws when it is not whole. */
export const parseLayerScan = (text: string): LayerScan => Scan.parse(JSON.parse(text)) as LayerScan;
